"""The logs of a mission and the fold of them."""
