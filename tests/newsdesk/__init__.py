"""A host project's app, with a field of every kind that a rule can ask about."""
