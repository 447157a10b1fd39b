"""The mission domain: creation, documents, planning, templates, agents."""
