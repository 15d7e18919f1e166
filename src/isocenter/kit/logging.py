"""Structured logs (structlog): UIDs and our ids, never names or birth dates. `configure` is called once per process."""

from __future__ import annotations

import logging
import sys
from typing import Any, TextIO, cast

import structlog

_FORBIDDEN_FIELDS = frozenset(
    {"patient_name", "patient_birth_date", "password", "token", "cookie", "authorization", "display_name"}
)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of a module; `name` is its `__name__`. Events are short sentences, facts are keyword arguments."""
    return cast("structlog.stdlib.BoundLogger", structlog.get_logger(module=name))


def configure(log_format: str, process: str, *, level: int = logging.INFO) -> None:
    """Send our events and those of the libraries to standard error, one line each, as text or JSON."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _without_personal_fields,
    ]
    if log_format == "json":
        last: list[Any] = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    else:
        last = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=_plain_traceback)]
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _StandardError())),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)
    _take_over_standard_logging(shared, last)


class _StandardError:
    """Standard error as it is at each line, because loggers are kept and the stream may be replaced and closed."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def _take_over_standard_logging(shared: list[Any], last: list[Any]) -> None:
    """Libraries log through the standard module: same place, same form, warnings and above."""
    handler = logging.StreamHandler(_StandardError())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    # These two print data set values in their warnings: names of patients do not belong in a log.
    for talkative in ("pydicom", "pynetdicom"):
        logging.getLogger(talkative).setLevel(logging.CRITICAL)


def _without_personal_fields(_logger: object, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """The last net: a field that may hold a name or a secret is replaced, wherever it came from."""
    for name in _FORBIDDEN_FIELDS.intersection(event):
        event[name] = "(withheld)"
    return event


def _plain_traceback(sio: Any, exc_info: Any) -> None:
    structlog.dev.plain_traceback(sio, exc_info)
