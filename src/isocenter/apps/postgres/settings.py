"""What a private PostgreSQL is told: for many small ingest transactions on a small machine."""

from __future__ import annotations

from pathlib import Path

import psutil

from isocenter.kit.settings import GIB, MIB


def server_settings(sockets: Path, port: int, *, durable: bool) -> dict[str, str]:
    """Server parameters. Statements and key values stay out of the log; a Unix socket alone. durable=False: for tests,
    which make and drop a database each: the fewer buffers there are to look through, the sooner that is done.
    """
    memory = psutil.virtual_memory().total
    shared = min(max(memory // 8, 128 * MIB), GIB)
    settings = {
        "listen_addresses": "",
        "port": str(port),
        "unix_socket_directories": str(sockets),
        "unix_socket_permissions": "0700",
        "password_encryption": "scram-sha-256",
        "max_connections": "120",
        "shared_buffers": f"{shared // MIB}MB",
        "effective_cache_size": f"{memory // 2 // MIB}MB",
        "work_mem": "16MB",
        "maintenance_work_mem": "128MB",
        "wal_buffers": "16MB",
        "min_wal_size": "256MB",
        "max_wal_size": "1GB",  # a crash replays at most about this much: seconds
        "checkpoint_completion_target": "0.9",
        "synchronous_commit": "on",
        "random_page_cost": "1.1",
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] ",
        "log_error_verbosity": "terse",
        "log_min_error_statement": "panic",
        "log_checkpoints": "off",
        "idle_in_transaction_session_timeout": "10min",
    }
    if not durable:
        settings |= {"fsync": "off", "full_page_writes": "off", "shared_buffers": "64MB"}
    return settings
