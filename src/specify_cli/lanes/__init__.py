"""Execution lanes: which work packages share a worktree and which run in parallel."""
