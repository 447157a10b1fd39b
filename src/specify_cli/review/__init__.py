"""Review prompts, feedback cycles and the evidence of a verdict."""
