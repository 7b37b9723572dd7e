"""Tests of pigeon_admin.tasks."""
