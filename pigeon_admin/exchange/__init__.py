"""Rule sets out and in: rules with all that they need, as one portable document that never holds a secret."""
