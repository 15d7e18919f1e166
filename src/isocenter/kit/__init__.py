"""Small things every floor may use: errors, settings, clock, database sessions, jobs, logging, confined processes."""
