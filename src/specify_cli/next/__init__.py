"""One turn of the agent loop."""
