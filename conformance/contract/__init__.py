"""What the documents say: the contract as data, loaded and checked."""
