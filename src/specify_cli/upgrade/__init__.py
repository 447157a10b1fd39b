"""Bringing a project of an older version to this one: planned over a read-only view, then swapped as a whole."""
