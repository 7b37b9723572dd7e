"""Signals that a host project may listen to."""

from django.dispatch import Signal

# One delivery reached its destination. Arguments: delivery_id (int), destination_id (int), package_id (int), proof (dict).
delivery_sent = Signal()

# One delivery failed for good and waits for a person. Arguments: delivery_id, destination_id, package_id, reason (str).
delivery_failed = Signal()
