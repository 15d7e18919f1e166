"""The product's own HTTP interface: sign-in, study list, status, health, and the web client's files."""
