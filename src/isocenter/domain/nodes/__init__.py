"""Several hosts over one database and one store: who is there, whose journals are shipped, who takes over."""
