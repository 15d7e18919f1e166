"""Nobody is surprised by a certificate that ends: what this node shows is renewed in time, or warned of."""

from __future__ import annotations

from typing import Final

from isocenter.access.caller import system_caller
from isocenter.access.certificates.facts import Facts, State
from isocenter.access.certificates.store import OWN, CertificateStore
from isocenter.access.certificates.verbs import renew
from isocenter.kit.clock import utc_now
from isocenter.kit.errors import IsocenterError
from isocenter.kit.jobs import Task
from isocenter.kit.logging import get_logger
from isocenter.kit.metrics import CERTIFICATE_ENDS

log = get_logger(__name__)

WATCH: Final = "watch-certificates"


def ending(store: CertificateStore) -> list[Facts]:
    """Of what this node shows and issues with: what has ended, or will within 30 days."""
    now = utc_now()
    return [each for each in store.ours() if each.state(now) in (State.EXPIRES_SOON, State.EXPIRED)]


def warnings(store: CertificateStore) -> list[str]:
    """A stable word for each of `ending`, such as "web-certificate-expires-soon"; for /health, open to all."""
    now = utc_now()
    return [f"{each.kind}-certificate-{each.state(now)}" for each in ending(store)]


def measure(store: CertificateStore) -> None:
    """When what this node shows ends, as a metric."""
    for each in store.ours():
        CERTIFICATE_ENDS.labels(str(each.kind)).set(each.not_after.timestamp())


def watching_task(store: CertificateStore) -> Task:
    """Every hour: renew what is ours to renew, say in the log what is not. Connections go on."""

    def watch() -> None:
        try:
            renew(store, system_caller(0, WATCH), OWN, due_only=True)
        except IsocenterError as error:
            log.error("certificates.cannot-renew", reason=error.reason)
        for each in ending(store):
            log.warning("certificates.ends", kind=str(each.kind), not_after=each.not_after.isoformat())

    return Task(WATCH, watch, every="43 * * * *")
