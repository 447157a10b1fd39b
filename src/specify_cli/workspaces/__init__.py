"""Worktrees of lanes, leases of their holders, merges computed before they happen."""
