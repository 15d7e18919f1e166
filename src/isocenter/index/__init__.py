"""What is where: the DICOM hierarchy in PostgreSQL, its migrations and its queries."""
