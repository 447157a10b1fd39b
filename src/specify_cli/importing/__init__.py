"""Projects of other tools, read and carried into missions of ours; the source is never written."""
