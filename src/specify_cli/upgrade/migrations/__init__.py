"""One file for each change of shape: `detect` says whether it is wanted, `apply` drafts it. Neither writes."""
