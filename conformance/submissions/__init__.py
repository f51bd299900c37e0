"""Evidence that changes hands: challenges, packages, and what can be established of them."""
