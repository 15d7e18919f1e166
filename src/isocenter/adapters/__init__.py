"""The doors: thin translations between a protocol and a verb of a room."""
