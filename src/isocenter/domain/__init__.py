"""The rooms of the house, from what must stand alone to what is built on it."""
