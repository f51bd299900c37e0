"""What the suite costs, and what its users would have without it: `python -m benchmarks`."""
