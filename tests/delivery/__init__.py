"""Tests of pigeon_admin.delivery."""
