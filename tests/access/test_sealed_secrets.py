"""Secrets that are kept sealed: what opens them, and that nothing else does."""

from __future__ import annotations

from pathlib import Path

import pytest

from isocenter.access.sealed_secrets import (
    CannotUnseal,
    new_sealing_key,
    seal,
    sealing_key_of,
    sealing_key_path,
    unseal,
)
from isocenter.kit.errors import Invalid


def test_what_is_sealed_opens_with_the_same_key_and_context_only() -> None:
    key = new_sealing_key()
    sealed = seal(key, b"the seed", "user 7")
    assert unseal(key, sealed, "user 7") == b"the seed"
    assert b"the seed" not in sealed
    for wrong_key, wrong_sealed, context in (
        (new_sealing_key(), sealed, "user 7"),
        (key, sealed, "user 8"),
        (key, sealed[:-1] + bytes([sealed[-1] ^ 1]), "user 7"),
        (key, b"\x02" + sealed[1:], "user 7"),
        (key, b"", "user 7"),
    ):
        with pytest.raises(CannotUnseal):
            unseal(wrong_key, wrong_sealed, context)


def test_the_same_secret_is_never_sealed_twice_alike() -> None:
    key = new_sealing_key()
    assert seal(key, b"x") != seal(key, b"x")


def test_a_home_keeps_its_key_for_its_owner_alone(tmp_path: Path) -> None:
    key = sealing_key_of(tmp_path)
    assert sealing_key_of(tmp_path) == key
    assert sealing_key_path(tmp_path).stat().st_mode & 0o777 == 0o600
    assert key.secret.hex() not in repr(key)
    assert key.derived("a") != key.derived("b")


def test_a_damaged_key_file_is_refused_and_not_replaced(tmp_path: Path) -> None:
    sealing_key_of(tmp_path)
    sealing_key_path(tmp_path).write_text("not a key")
    with pytest.raises(Invalid):
        sealing_key_of(tmp_path)
    assert sealing_key_path(tmp_path).read_text() == "not a key"
