"""A small newsroom with three partners, to see pigeon_admin at work: ``python3 -m demo``."""
