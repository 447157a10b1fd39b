"""Lanes to mission branch to target, in one reference transaction."""
