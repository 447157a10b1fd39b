"""The envelope in which every answer leaves: seven keys, the same for success and failure."""

from __future__ import annotations

import os
from collections.abc import Mapping

from specify_cli.kernel import clock

CONTRACT_VERSION = "1.3.0"
MIN_PROVIDER_VERSION = "0.1.0"
UNKNOWN = "unknown"  # the command of a line that could not be parsed


def make_envelope(
    command: str, success: bool, data: Mapping[str, object], error_code: str | None = None
) -> dict[str, object]:
    """An answer as it leaves.

    Args:
        command: its name without the group, or `UNKNOWN`.
        data: what the command answers; of a failure `message` and more.
        error_code: of a failure.
    """
    return {
        "contract_version": CONTRACT_VERSION,
        "command": f"orchestrator-api.{command}",
        "timestamp": clock.stamp(),
        "correlation_id": f"corr-{os.urandom(16).hex()}",
        "success": success,
        "error_code": error_code,
        "data": dict(data),
    }
