"""The version of this program, where `--version` reads it; a test holds it equal to pyproject.toml."""

VERSION = "3.1.1"
