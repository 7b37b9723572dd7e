"""The Django admin of this app."""
