"""Jobs: work for later, kept in PostgreSQL by procrastinate, enqueued in the transaction that causes it.

A job may run more than once (a worker was killed): make it idempotent. Arguments are JSON and hold our ids and UIDs,
never names.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

import procrastinate
import psycopg
from psycopg.types.json import Jsonb

from isocenter.kit.database import Connection, application_conninfo, translated_errors
from isocenter.kit.logging import get_logger

log = get_logger(__name__)

QUEUE = "default"
_ONE_AT_A_TIME: Mapping[str, int] = {QUEUE: 1}
DEAD_WORKER_AFTER_S = 30.0


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker can do. function: called with the job's arguments as keywords, in a thread of its own.

    attempts: how often it is tried before the job counts as failed, waiting 2, 4, 8 … seconds, at the most 5 minutes.
    every: a cron expression (with seconds as a sixth field) for work that comes back; its function takes no arguments.
    """

    name: str
    function: Callable[..., object]
    attempts: int = 10
    queue: str = QUEUE
    every: str | None = None


class _Patience(procrastinate.BaseRetryStrategy):
    """Doubling waits with an upper bound."""

    def __init__(self, attempts: int) -> None:
        self._attempts = attempts

    def get_retry_decision(
        self, *, exception: BaseException, job: procrastinate.jobs.Job
    ) -> procrastinate.RetryDecision | None:
        """When to try again; None: never."""
        log.warning("job.failed", job=job.id, task=job.task_name, attempts=job.attempts, error=str(exception))
        if job.attempts + 1 >= self._attempts:
            return None
        return procrastinate.RetryDecision(retry_in={"seconds": min(2 ** (job.attempts + 1), 300)})


def defer(
    connection: Connection,
    name: str,
    arguments: Mapping[str, object],
    *,
    queue: str = QUEUE,
    lock: str | None = None,
    once: str | None = None,
    scheduled_at: datetime | None = None,
    priority: int = 0,
) -> bool:
    """Enqueue a job of the task `name` in the caller's transaction: it exists when that commits.

    lock: jobs with the same lock run one after the other. once: while a job with this word still waits, no second one
    is made, and the answer is False.
    """
    try:
        with connection.transaction():
            connection.execute(
                """
                SELECT procrastinate_defer_jobs_v1(
                    ARRAY[ROW(%s, %s, %s, %s, %s, %s, %s)::procrastinate_job_to_defer_v1])
                """,
                [queue, name, priority, lock, once, Jsonb(dict(arguments)), scheduled_at],
            )
    except psycopg.errors.UniqueViolation:
        return False
    return True


def job_counts(connection: Connection) -> dict[str, int]:
    """Jobs by state: todo, doing, succeeded, failed …"""
    rows = connection.execute("SELECT status::text, count(*) FROM procrastinate_jobs GROUP BY 1").fetchall()
    return {str(status): int(str(count)) for status, count in rows}


def work(
    url: str,
    tasks: Sequence[Task],
    *,
    queues: Mapping[str, int] = _ONE_AT_A_TIME,
    stopping: threading.Event | None = None,
    wait: bool = True,
    stop_within_s: float = 20.0,
) -> None:
    """Run jobs until SIGTERM or SIGINT; must be called in the main thread. wait=False: until none is left.

    queues: how many jobs of each run at one time; a full queue holds none of the others up. stopping: set when the
    process is told to stop, for jobs that look. Successful jobs are deleted, failed ones kept. Jobs of workers that
    died are given out again within a minute. Raises DatabaseAway when the database goes away; start again then.
    """
    with translated_errors():
        asyncio.run(_work(url, tasks, queues, stopping or threading.Event(), wait, stop_within_s))


async def _work(
    url: str,
    tasks: Sequence[Task],
    queues: Mapping[str, int],
    stopping: threading.Event,
    wait: bool,
    stop_within_s: float,
) -> None:
    at_once = sum(queues.values())
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(at_once + 2, thread_name_prefix="job"))
    connector = procrastinate.PsycopgConnector(
        conninfo=application_conninfo(url), min_size=1, max_size=max(4, at_once + 3 * len(queues))
    )
    app = procrastinate.App(connector=connector)
    for task in tasks:
        _register(app, task)
    _register_retry_of_stalled(app)
    async with app.open_async():
        await _retry_stalled(app)
        workers = [
            asyncio.create_task(
                app.run_worker_async(
                    queues=[queue],
                    name=queue,
                    concurrency=concurrency,
                    wait=wait,
                    install_signal_handlers=False,
                    delete_jobs="successful",
                    stalled_worker_timeout=DEAD_WORKER_AFTER_S,
                    shutdown_graceful_timeout=stop_within_s,
                    fetch_job_polling_interval=2.0,
                )
            )
            for queue, concurrency in queues.items()
        ]
        if wait:
            _stop_on_signals(workers, stopping)
        await _until_one_fails(workers)


def _stop_on_signals(workers: Sequence[asyncio.Task[None]], stopping: threading.Event) -> None:
    """Cancelling a worker lets it finish what it does."""

    def stop() -> None:
        stopping.set()
        for worker in workers:
            worker.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)


async def _until_one_fails(workers: Sequence[asyncio.Task[None]]) -> None:
    try:
        await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for worker in workers:
            worker.cancel()
    for ended in await asyncio.gather(*workers, return_exceptions=True):
        if isinstance(ended, Exception):
            raise ended


def _register(app: procrastinate.App, task: Task) -> None:
    retry = _Patience(task.attempts)
    if task.every is None:
        app.task(name=task.name, queue=task.queue, retry=retry)(task.function)
        return

    def at_its_time(timestamp: int) -> object:
        del timestamp
        return task.function()

    registered = app.task(name=task.name, queue=task.queue, retry=retry, queueing_lock=task.name, lock=task.name)(
        at_its_time
    )
    app.periodic(cron=task.every)(registered)


def _register_retry_of_stalled(app: procrastinate.App) -> None:
    async def retry_stalled(timestamp: int) -> None:
        del timestamp
        await _retry_stalled(app)

    registered = app.task(name="retry-stalled-jobs", queue=QUEUE, queueing_lock="retry-stalled-jobs")(retry_stalled)
    app.periodic(cron="* * * * *")(registered)


async def _retry_stalled(app: procrastinate.App) -> None:
    """Give out again what a worker was doing when it was killed."""
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=DEAD_WORKER_AFTER_S):
        log.warning("job.given-out-again", job=job.id, task=job.task_name)
        try:
            await app.job_manager.retry_job(job)
        except procrastinate.exceptions.UniqueViolation:  # work that comes back: its next turn waits already
            await app.job_manager.finish_job(job, status=procrastinate.jobs.Status.FAILED, delete_job=True)
