"""Doors to the world and shared values."""
