"""Devices: the application entities of an institution; which associations are admitted, and as whose (PS3.15 B)."""
