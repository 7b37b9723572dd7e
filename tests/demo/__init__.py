"""The demo, and the environment it makes for itself."""
