"""Clients that go away in the middle: of storing, and of taking a large answer."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest
from tests.adapters.dicomweb.builders import SERIES, STUDY, a_body, a_ct, a_file
from tests.adapters.dicomweb.conftest import Hospital
from tests.adapters.dicomweb.test_sealed import service_of

from isocenter.adapters.dicomweb import answers

Message = dict[str, Any]


def ask(
    hospital: Hospital, method: str, path: str, headers: dict[str, str], received: list[Message], send: Any
) -> None:
    """Call the service as a server would. receive gives these messages, then that the client is gone."""

    async def receive() -> Message:
        return received.pop(0) if received else {"type": "http.disconnect"}

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "root_path": "",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    asyncio.run(service_of(hospital)(scope, receive, send))


def test_a_client_that_goes_while_storing_leaves_its_whole_objects_and_nothing_of_the_torn_one(
    hospital: Hospital,
) -> None:
    large = np.zeros((1, 1024, 1024), np.int16)
    body, headers = a_body([a_file(a_ct(number, pixels=large)) for number in (1, 2)])
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    cuts = range(0, len(body) - 200, 1 << 16)
    received = [{"type": "http.request", "body": body[at : at + (1 << 16)], "more_body": True} for at in cuts]
    received[-1]["body"] = received[-1]["body"][:-300]
    ask(hospital, "POST", "/studies", headers | {"authorization": "Bearer ours"}, received, send)
    assert sent[0]["status"] == 400
    assert b"request-broken-off" in sent[1]["body"]
    found = hospital.client.get(f"/dicom-web/studies/{STUDY}/instances").json()
    assert [one["00200013"]["Value"] for one in found] == [[1]]
    assert hospital.client.post("/dicom-web/studies", content=body, headers=headers).status_code == 200


def test_a_reader_that_takes_nothing_is_let_go_and_its_place_is_free(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = np.zeros((1, 1024, 1024), np.int16)
    body, headers = a_body([a_file(a_ct(1, pixels=pixels))])
    assert hospital.client.post("/dicom-web/studies", content=body, headers=headers).status_code == 200
    monkeypatch.setattr(answers, "SEND_TIMEOUT_S", 0.01)

    async def send(message: Message) -> None:
        if len(message.get("body", b"")) > 100_000:
            await asyncio.Event().wait()

    accept = 'multipart/related; type="application/dicom"; transfer-syntax=*'
    wanted = {"authorization": "Bearer ours", "accept": accept, "host": "x"}
    with pytest.raises(TimeoutError):
        ask(hospital, "GET", f"/studies/{STUDY}/series/{SERIES}", wanted, [], send)
    assert service_of(hospital)._retrieve._retrieval.sending.senders == 0
