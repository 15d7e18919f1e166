"""Where stored objects lie: storages with roles, verified copies, policies that move them, scrubbing that mends."""
