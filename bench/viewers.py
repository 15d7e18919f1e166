"""The viewers that are compared: ours, and OHIF on Orthanc, running, with the studies in them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench import ohif, sealing
from bench.blast import blast
from bench.data import load
from bench.first_image import an_administrator
from bench.node import Node, eventually, new_folder

OURS, THEIRS = "Isocenter", "OHIF on Orthanc"
_OHIF_BUTTON: Final = (
    "document.querySelector(\"[data-cy^='mode-basic']\")"
    " ?? [...document.querySelectorAll('a, button')].find((one) => one.textContent.includes('Basic Viewer')) ?? null"
)


@dataclass(frozen=True, slots=True)
class System:
    """A viewer that runs.

    clicks: for a study, JavaScript expressions of the elements that are clicked one after another (null until they are
    there); the last opens it. sign_in: what is posted to `/api/sign-in` before; empty where nobody signs in.
    """

    name: str
    address: str
    store: Callable[[Path], None]
    clicks: Callable[[Path], tuple[str, ...]]
    sign_in: dict[str, str] = field(default_factory=dict)

    def shows(self, slices: int) -> bool:
        """Whether the bench asks it for so long a series: OHIF's 3,000 slices take the machine's memory."""
        return self.name == OURS or slices <= 1000


@contextmanager
def running(only: str = "") -> Iterator[list[System]]:
    """The systems, started. only: "ours" or "theirs". Raises MissingPeerError without OHIF or Orthanc."""
    if only == "ours":
        with _isocenter() as ours:
            yield [ours]
    elif only == "theirs":
        with ohif.running() as peer:
            yield [_theirs(peer)]
    else:
        with _isocenter() as ours, ohif.running() as peer:
            yield [_theirs(peer), ours]


@contextmanager
def _isocenter() -> Iterator[System]:
    place = new_folder("isocenter-bench-")
    node = Node(place / "home", ISOCENTER_QUIET_FOR=f"{sealing.QUIET_FOR_S}s")
    stored = [0]

    def store(folder: Path) -> None:
        instances = load([folder])
        blast(node.dicom_port, node.ae_title, instances, 2)
        stored[0] += len(instances)
        if not eventually(lambda: sealing.sealed_instances(node) >= stored[0], 300):
            raise RuntimeError("the studies were not sealed")

    try:
        node.start()
        address = f"http://127.0.0.1:{node.http_port}"
        yield System(OURS, address, store, _our_clicks, an_administrator(node))
    finally:
        node.stop()
        shutil.rmtree(place, ignore_errors=True)


def _our_clicks(folder: Path) -> tuple[str, ...]:
    uid = load([next(iter(sorted(folder.glob("*.dcm"))))])[0].study_instance_uid
    return (f"document.querySelector(\"a[href*='{uid}']\")",)


def _theirs(peer: ohif.Ohif) -> System:
    return System(THEIRS, peer.address, peer.store, _their_clicks)


def _their_clicks(folder: Path) -> tuple[str, ...]:
    name = "CMB-CRC" if folder.name == "ct-chest-cmbcrc" else f"Stretched{folder.name.split('-')[-2]}"
    deepest = f"(one) => one.children.length === 0 && one.textContent.includes({json.dumps(name)})"
    return (f"[...document.querySelectorAll('body *')].find({deepest}) ?? null", _OHIF_BUTTON)
