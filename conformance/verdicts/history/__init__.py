"""History: what runs came to over time, a line each, and what can be told from it."""
