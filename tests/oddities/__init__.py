"""Models of unusual kinds."""
