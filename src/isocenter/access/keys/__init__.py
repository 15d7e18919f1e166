"""Keys of stored bytes: one for each pack, wrapped by its institution's, and destroyed when the bytes shall be gone."""
