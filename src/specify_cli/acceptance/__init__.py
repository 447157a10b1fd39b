"""Is the mission ready to be merged, and the evidence for it."""
