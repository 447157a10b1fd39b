"""Tickets: the tracker a project is bound to, and missions that begin with a ticket."""
