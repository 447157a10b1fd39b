"""Making a move: what it requires, the same at every door, and the record of it."""
