"""Decide in the Django admin what content goes to which partner; delivered once, whole, in order, with proof."""

__version__ = "0.1.0"
