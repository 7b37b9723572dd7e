"""Tests of pigeon_admin.tracking."""
