"""The isocenter command."""
