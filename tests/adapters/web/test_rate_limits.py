"""How often one address may knock at the open doors."""

from __future__ import annotations

from fastapi.testclient import TestClient

from isocenter.adapters.web.application import build_application
from isocenter.adapters.web.rate_limits import ADDRESSES_REMEMBERED, BURST, PER_SECOND, Knocks


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_is_served_and_then_so_many_a_second() -> None:
    clock = Clock()
    knocks = Knocks(clock)
    assert all(knocks.refusal("/api/sign-in", "10.0.0.1") is None for _ in range(BURST))
    refused = knocks.refusal("/oauth/token", "10.0.0.1")
    assert refused is not None
    assert (refused.reason, refused.retry_after_s) == ("too-many-requests", 1)
    clock.now += 1
    served = sum(knocks.refusal("/api/sign-in", "10.0.0.1") is None for _ in range(20))
    assert served == PER_SECOND


def test_other_addresses_and_other_doors_do_not_notice() -> None:
    knocks = Knocks(Clock())
    for _ in range(BURST + 1):
        knocks.refusal("/api/sign-in", "10.0.0.1")
    assert knocks.refusal("/api/sign-in", "10.0.0.2") is None
    assert knocks.refusal("/api/studies/search", "10.0.0.1") is None
    assert knocks.refusal("/dicom-web/studies", "10.0.0.1") is None


def test_what_is_remembered_is_bounded() -> None:
    knocks = Knocks(Clock())
    for number in range(ADDRESSES_REMEMBERED + 50):
        knocks.refusal("/api/sign-in", str(number))
    assert len(knocks._buckets) == ADDRESSES_REMEMBERED


def test_the_door_says_429_and_when_to_come_again() -> None:
    client = TestClient(build_application(None, (), None), raise_server_exceptions=False)
    answers = [client.get("/api/sign-in/nothing-here") for _ in range(BURST + 30)]
    assert answers[0].status_code == 404
    refused = [each for each in answers if each.status_code == 429]
    assert refused
    assert refused[0].json()["error"]["reason"] == "too-many-requests"
    assert refused[0].headers["retry-after"] == "1"
    assert client.get("/api/nothing").status_code == 404
