"""Verbs for agents."""
