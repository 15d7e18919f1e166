"""A device from the command line to the listener of a running Isocenter: bound, rejected, let in, first store."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bench.association import Association, AssociationError, contexts_of
from bench.data import instance_of
from bench.node import Node, eventually
from tests.interop.builders import a_ct

AE = "CT_NINE"


def command(node: Node, *arguments: str) -> str:
    done = node.command("device", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def store(node: Node, number: int) -> bool:
    """Whether the device is let in and its object stored."""
    instance = instance_of(a_ct("device", number))
    try:
        association = Association(node.dicom_port, called=node.ae_title, calling=AE, contexts=contexts_of([instance]))
    except AssociationError:
        return False
    answer = association.store(instance)
    association.release()
    return answer.status == 0


def test_a_device_is_bound_to_its_address_within_seconds(node: Node, tmp_path: Path) -> None:
    assert store(node, 1)  # a stranger on loopback, as in a fresh home
    command(node, "add", "CT, room 9", "--ae", AE, "--from", "192.0.2.9")
    assert eventually(lambda: not store(node, 2), 20)

    def told() -> bool:
        found = json.loads(command(node, "rejected", "--json"))
        return any((each["calling_ae_title"], each["reason"]) == (AE, "wrong-address") for each in found)

    assert eventually(told, 20)
    command(node, "change", AE, "--from", "127.0.0.1", "--host", "127.0.0.1", "--port", str(node.dicom_port))
    [device] = [each for each in json.loads(command(node, "list", "--json")) if each["ae_title"] == AE]
    test = f"/api/devices/{device['device_id']}/first-store"
    assert node.post(test, None).status == 200
    numbers = iter(range(3, 1000))

    def arrived() -> bool:
        store(node, next(numbers))
        return bool(node.get(test).json()["state"] == "arrived")  # type: ignore[index]

    assert eventually(arrived, 20)
    assert not json.loads(node.command("device", "echo", AE, "--json").stdout)["ok"]  # we are not called CT_NINE
    listed = tmp_path / "devices.csv"
    listed.write_text(command(node, "export"), encoding="utf-8")
    command(node, "remove", AE)
    assert "1 added" in command(node, "import", str(listed), "--dry-run")


@pytest.mark.parametrize(
    "arguments",
    [("add", "x", "--ae", "A\\B"), ("add", "x", "--ae", "B", "--from", "0.0.0.0/0"), ("remove", "NOBODY")],
)
def test_a_device_that_makes_no_sense_gets_one_line(node: Node, arguments: tuple[str, ...]) -> None:
    done = node.command("device", *arguments)
    assert done.returncode != 0
    assert len((done.stdout + done.stderr).strip().splitlines()) == 1
