"""Schemathesis over our own OpenAPI: whatever is asked, by whoever, nothing breaks and nothing of the others shows."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from tests.adapters.access.conftest import STUDY, Region

from isocenter.access.roles import Role

EXAMPLES = 4
"""Requests to each door by each caller."""
PLANTED = (STUDY, "Sample^One")
"""Of the first hospital's only study."""
EVERYTHING = tuple(role for role in Role if role not in (Role.GUEST, Role.SYSTEM))


def wrong_answers(region: Region, secret: str | None) -> list[str]:
    """What no answer may be, from every door."""
    schema: Any = schemathesis.openapi.from_dict(region.app.openapi())
    wrong: list[str] = []
    for found in schema.get_all_operations():
        ask_one_door(region, found.ok(), secret, wrong)
    return wrong


def ask_one_door(region: Region, operation: Any, secret: str | None, wrong: list[str]) -> None:
    """Some requests that its description allows."""

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        request = case.as_transport_kwargs()
        headers = dict(request["headers"]) | ({"Authorization": f"Bearer {secret}"} if secret else {})
        answer = region.client.request(**{**request, "headers": headers, "cookies": None})
        if answer.status_code >= 500 and answer.status_code != 503:
            wrong.append(f"{operation.label}: {answer.status_code} {answer.text[:200]}")
        if not (secret or "").startswith("program-0") and any(word in answer.text for word in PLANTED):
            wrong.append(f"{operation.label}: shows {answer.text[:200]}")

    ask()


@pytest.mark.parametrize("who", ["nobody", "the other hospital", "the hospital itself"])
def test_whatever_is_asked_there_is_no_defect_and_no_leak(region: Region, who: str) -> None:
    at = {"nobody": None, "the other hospital": 1, "the hospital itself": 0}[who]
    wrong = wrong_answers(region, None if at is None else region.program(at, *EVERYTHING))
    assert not wrong, "\n".join(wrong)
