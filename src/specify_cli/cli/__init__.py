"""The command line: flags in, replies out."""
