"""The search for planted markers finds what it should: names, passwords and tokens, in log lines and in files."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench.node import Node
from tests.planted_markers import check_logs, found_in

SECRET = "Zt7c0kqVn2mTJ4aYxW9sLrE1uPhG5dBf"


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("2026-01-01 00:00:00 [info] stored patient_name=Wang^XiaoDong", "a person's name as DICOM writes it"),
        ("object.refused detail='王^小东'", "a person's name as DICOM writes it"),
        ("sign-in failed for Dr Chen", "a person's name"),
        ("body={'password': 'orchid lamp river nine'}", "a password"),
        (f"authorization: Bearer {SECRET}", "a bearer token or cookie"),
        (f"GET /?token={SECRET}", "a token"),
    ],
)
def test_a_marker_in_a_log_is_found(line: str, kind: str) -> None:
    assert kind in found_in(["2026-01-01 00:00:00 [info] ready", line], [SECRET])


def test_what_logs_usually_hold_is_no_marker() -> None:
    lines = [
        "2026-01-01T00:00:00Z [info] Request method=POST path=/api/studies/1.2.3 status=200 caller=12",
        "    raise Invalid(message)",
        "    ^^^^^^^^^^^^^^^^^^^^^^",
    ]
    assert found_in(lines, [SECRET]) == []


def test_the_logs_of_a_stopped_node_are_searched(tmp_path: Path) -> None:
    node = Node(tmp_path / "home")
    (tmp_path / "home" / "logs").mkdir(parents=True)
    (tmp_path / "home" / "logs" / "web.log").write_text("ready\nopened study of Roe^B\n")
    with pytest.raises(AssertionError, match=r"web\.log: a person's name as DICOM writes it"):
        node.stop()
    (tmp_path / "home" / "logs" / "web.log").write_text("ready\n")
    check_logs(node)
