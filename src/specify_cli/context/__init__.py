"""From flags, environment and folder to project, mission and actor."""
