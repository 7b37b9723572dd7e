"""Tests with real worker processes and real servers."""
