"""Servers for tests: those that misbehave, and the real daemons of the machine."""
