"""What the judging amounts to."""
