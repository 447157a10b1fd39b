"""Where the `spec-kitty` command begins.

`--version` is answered here, before anything else is imported. Everything else is handed to `cli/app.py`.
"""

from __future__ import annotations

import gc
import io
import os
import sys

from specify_cli.kernel.lazy import load
from specify_cli.version import VERSION

INTERRUPTED = 130
BROKEN_INSTALLATION = 70


def main() -> int:
    """Run the command line in `sys.argv` and give the exit code.

    This function holds only what must work when nothing else can be imported.
    """
    arguments = sys.argv[1:]
    machine = arguments[:1] == ["orchestrator-api"]
    as_json = machine or "--json" in arguments
    try:
        if arguments == ["--version"]:
            return _say(f"spec-kitty {VERSION}")
        # Almost everything an import makes stays for good: looking through it again and again for cycles costs a
        # twentieth of a short command.
        gc.set_threshold(50_000)
        _prepare_stdin()
        code: int = load("specify_cli.cli.app:run")(arguments)
        # At its end the interpreter would search all objects for cycles: a tenth of a short command, for nothing.
        gc.freeze()
    except KeyboardInterrupt:
        return _fail("INTERRUPTED", "interrupted", "", INTERRUPTED, as_json=as_json, machine=machine)
    except ImportError as error:
        reason = f"this installation of spec-kitty is broken: {error}"
        hint = "pip install --force-reinstall spec-kitty-cli"
        return _fail("INTERNAL_ERROR", reason, hint, BROKEN_INSTALLATION, as_json=as_json, machine=machine)
    return code


def _prepare_stdin() -> None:
    """Standard input that can be read whatever comes in, closed or not UTF-8, like every other document."""
    stream: object = sys.stdin
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(encoding="utf-8", errors="surrogateescape")
    elif stream is None:
        sys.stdin = io.StringIO()


def _say(text: str) -> int:
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except OSError as error:
        # The reader has gone, or its disk is full; without this the interpreter would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0 if isinstance(error, BrokenPipeError) else 1
    return 0


def _fail(code: str, reason: str, hint: str, exit_code: int, *, as_json: bool, machine: bool) -> int:
    if as_json:
        shape: dict[str, object] = {"result": "error", "error_code": code, "error": reason}
        shape |= {"hint": hint or None, "details": {}}
        if machine:
            make = load("specify_cli.orchestrator_api.envelope:make_envelope")
            shape = make("unknown", False, {"message": reason, "reason": code}, "INTERNAL_ERROR")
        _say(load("json:dumps")(shape, indent=2))
    else:
        sys.stderr.write(f"Error: {reason}\n" + (f"Fix: {hint}\n" if hint else ""))
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
