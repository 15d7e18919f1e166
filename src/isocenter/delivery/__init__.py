"""The read path: finds the bytes of frames and metadata and prepares pictures. Never writes but to its own cache."""
