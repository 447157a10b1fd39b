"""All migrations, in the order in which they are drafted."""

from __future__ import annotations

from collections.abc import Sequence

from packaging.version import Version

from specify_cli.upgrade.case import Migration
from specify_cli.upgrade.migrations import (
    m_0_2_0_layout,
    m_2_0_0_shipped_copies,
    m_3_0_0_lanes,
    m_3_1_0_charter,
    m_3_1_0_mission_names,
    m_3_1_1_agent_files,
    m_3_1_1_config,
    m_3_1_1_mission_ids,
    m_3_1_1_prompts,
)

MIGRATIONS: Sequence[Migration] = (
    m_0_2_0_layout.MIGRATION,
    m_2_0_0_shipped_copies.MIGRATION,
    m_3_1_0_charter.MIGRATION,
    m_3_1_1_config.MIGRATION,
    m_3_1_1_agent_files.MIGRATION,
    m_3_0_0_lanes.MIGRATION,
    m_3_1_1_prompts.MIGRATION,
    m_3_1_0_mission_names.MIGRATION,
    m_3_1_1_mission_ids.MIGRATION,
)


def up_to(target: str) -> list[Migration]:
    """The migrations that lead to the shapes of a version."""
    return [each for each in MIGRATIONS if Version(each.version) <= Version(target)]
