"""An app of somebody else, with a kind of destination of its own."""
