"""Trackers that are reached through their own programs."""
