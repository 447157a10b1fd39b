"""The contract for programs that drive agents: a thin door to the rules that all commands share."""
