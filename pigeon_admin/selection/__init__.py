"""From a change of an object to verdicts, and from verdicts to packages and deliveries in the caller's transaction."""
