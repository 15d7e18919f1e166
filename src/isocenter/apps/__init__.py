"""The processes: read the settings, wire the floors together, start and stop."""
