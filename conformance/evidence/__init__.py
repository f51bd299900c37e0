"""What was recorded, and how it is read."""
