"""One health command over everything."""
