"""The corpus is replayed, and each target takes some changed inputs, at every run; `python -m tests.fuzz` goes on."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs
from tests.fuzz.inputs import FOLDER, entries
from tests.fuzz.mutation import mutated
from tests.fuzz.targets import TARGETS, survives

MUTATIONS = 200


def test_every_target_has_a_corpus_and_every_corpus_a_target() -> None:
    assert sorted(path.name for path in FOLDER.iterdir()) == sorted(TARGETS)
    assert all(len(entries(name)) >= 2 for name in TARGETS)
    assert sum(len(data) for name in TARGETS for data in entries(name).values()) < 256 << 10


@pytest.mark.parametrize("name", TARGETS)
def test_the_corpus_is_answered(name: str) -> None:
    with capture_logs() as logs:
        for data in entries(name).values():
            survives(TARGETS[name], data)
    assert [each for each in logs if each["log_level"] == "error"] == []


@pytest.mark.parametrize("name", TARGETS)
def test_changed_inputs_are_answered(name: str) -> None:
    corpus, random = list(entries(name).values()), Random(name)
    with capture_logs() as logs:
        for _ in range(MUTATIONS):
            survives(TARGETS[name], mutated(random, corpus))
    assert [each for each in logs if each["log_level"] == "error"] == []


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=300))
def test_any_bytes_are_answered(name: str, data: bytes) -> None:
    with capture_logs():
        survives(TARGETS[name], data)
