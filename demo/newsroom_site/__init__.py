"""The Django project of the newsroom."""
