"""Tests of pigeon_admin; run them with ``python3 -m tests``."""
