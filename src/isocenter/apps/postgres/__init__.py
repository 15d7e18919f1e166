"""A private PostgreSQL: its programs, its cluster inside a home, dumps of it, and the copy that another site keeps."""
