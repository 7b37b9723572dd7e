"""The content of a small newspaper; knows nothing of who gets it."""
