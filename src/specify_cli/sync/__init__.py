"""The outbox and the server: who sends, what waits, and what was acknowledged."""
