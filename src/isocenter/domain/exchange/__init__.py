"""Dealings with other application entities: destinations, sending, commitment, availability, rejection notes."""
