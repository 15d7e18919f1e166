"""Two sites: which one a home belongs to, following the other one, taking over, rehearsing that."""
