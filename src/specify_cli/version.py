"""The version of this program: the one place it is written, read by the build and by `--version`."""

VERSION = "3.1.1"
