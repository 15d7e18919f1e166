"""Structured logs (structlog): UIDs and our ids, never names or birth dates. `configure` is called once per process."""

from __future__ import annotations

import atexit
import logging
import re
import sys
import threading
import time
from typing import Any, TextIO, cast

import structlog

_FORBIDDEN_FIELDS = frozenset(
    {"patient_name", "patient_birth_date", "password", "token", "cookie", "authorization", "display_name"}
)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of a module; `name` is its `__name__`. Events are short sentences, facts are keyword arguments."""
    return cast("structlog.stdlib.BoundLogger", structlog.get_logger(module=name))


def configure(log_format: str, process: str, *, level: int = logging.INFO, gathered: bool = False) -> None:
    """Send our events and those of the libraries to standard error, one line each, as text or JSON.

    gathered: write the lines of a tenth of a second at once. A line per frame, each a write that wakes the reader of
    the pipe, was a quarter of a frame's cost. What kill -9 takes are the last lines.
    """
    lines: _StandardError = _GatheredLines() if gathered else _StandardError()
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _without_personal_fields,
    ]
    if log_format == "json":
        last: list[Any] = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    else:
        console = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=_plain_traceback)
        last = [console if sys.stderr.isatty() else PlainText(console)]
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, lines)),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)
    _take_over_standard_logging(shared, last, lines)


class PlainText:
    """What structlog's console renderer writes without colours, at a tenth of its cost: a frame has a line each.

    What has more than fields (tracebacks, names of loggers) goes to `full`, the console renderer itself.
    """

    def __init__(self, full: structlog.dev.ConsoleRenderer) -> None:
        self._full = full

    def __call__(self, logger: Any, method: str, event: dict[str, Any]) -> str:
        """One line of one event, without its end."""
        if not _MORE_THAN_FIELDS.isdisjoint(event):
            return str(self._full(logger, method, event))
        begin = f"{event.pop('timestamp')} [{event.pop('level'):<9}] {event.pop('event'):<30}"
        fields = [f"{name}={_plain(event[name])}" for name in sorted(event)]
        return " ".join((begin, *fields)) if fields else begin.rstrip(" ")


_MORE_THAN_FIELDS = frozenset({"stack", "exception", "exc_info", "logger", "logger_name"})
_QUOTED = re.compile(r"[\s=\"']")


def _plain(value: object) -> str:
    """A value as it is when nothing in it can be taken for the line's own, else as Python writes it."""
    if isinstance(value, str) and value.isprintable() and _QUOTED.search(value) is None:
        return value
    return repr(value)


class _StandardError:
    """Standard error as it is at each line, because loggers are kept and the stream may be replaced and closed."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


GATHERED_FOR_S = 0.1


class _GatheredLines(_StandardError):
    """Lines wait for each other; a thread writes them, in order, and the end of the process writes the rest."""

    def __init__(self) -> None:
        self._waiting: list[str] = []
        self._some = threading.Event()
        threading.Thread(target=self._write_for_ever, name="log", daemon=True).start()
        atexit.register(self._write_now)

    def write(self, text: str) -> int:
        self._waiting.append(text)
        self._some.set()
        return len(text)

    def flush(self) -> None:
        """Nothing: the thread does it."""

    def _write_for_ever(self) -> None:
        while True:
            self._some.wait()
            time.sleep(GATHERED_FOR_S)
            self._write_now()

    def _write_now(self) -> None:
        self._some.clear()
        lines, self._waiting = self._waiting, []
        if lines:
            sys.stderr.write("".join(lines))
            sys.stderr.flush()


def _take_over_standard_logging(shared: list[Any], last: list[Any], lines: _StandardError) -> None:
    """Libraries log through the standard module: same place, same form, warnings and above."""
    handler = logging.StreamHandler(lines)
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
