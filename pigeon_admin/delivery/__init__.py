"""From waiting deliveries to files at the partner: claim, build, send, prove, record, retry or settle."""
