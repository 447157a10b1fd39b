"""What a release says about itself: its version, its changelog, and whether both are true."""
