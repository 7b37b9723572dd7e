"""A logged-in superuser for the admin tests."""
