"""What the partners have: their folders, shown."""
