"""Tests of pigeon_admin.selection."""
