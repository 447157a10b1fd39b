"""A whole mission in a scratch repository, by scripted agents."""
