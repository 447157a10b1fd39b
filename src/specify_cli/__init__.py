"""spec-kitty: spec-driven development by people and coding agents together."""
