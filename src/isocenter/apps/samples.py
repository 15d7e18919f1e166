"""Sample studies, sent through the real C-STORE door: files that pydicom ships in its package, and the phantom."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pydicom
from pydicom.dataset import FileDataset
from pynetdicom import AE, evt
from pynetdicom.presentation import PresentationContext, build_context

from isocenter.apps.phantom import SLICES, chest_ct
from isocenter.kit.errors import Exhausted
from isocenter.kit.settings import Settings

SAMPLE_AE_TITLE = "SAMPLES"
RECORD = "samples.json"
_PYDICOM_FILES = (
    "CT_small.dcm",
    "J2K_pixelrep_mismatch.dcm",
    "MR_small.dcm",
    "examples_overlay.dcm",
    "examples_jpeg2k.dcm",
    "examples_palette.dcm",
    "examples_ybr_color.dcm",
    "ExplVR_BigEnd.dcm",
    "JPEG2000.dcm",
    "rtdose.dcm",
    "rtplan.dcm",
    "liver_1frame.dcm",
    "reportsi.dcm",
    "test-SR.dcm",
    "waveform_ecg.dcm",
    "image_dfl.dcm",
    "SC_rgb_rle_2frame.dcm",
)
_PYDICOM_FOLDERS = ("dicomdirtests/77654033", "dicomdirtests/98892001", "dicomdirtests/98892003")


class ListenerAway(Exhausted):
    """The DICOM listener does not take the samples."""

    reason = "listener-away"


@dataclass(slots=True)
class Sent:
    """What became of the samples."""

    stored: int = 0
    refused: list[str] = field(default_factory=list)
    studies: list[str] = field(default_factory=list)


def sample_files() -> list[Path]:
    """Files inside the installed pydicom; nothing is ever downloaded."""
    folder = Path(pydicom.__file__).parent / "data" / "test_files"
    found = [folder / name for name in _PYDICOM_FILES]
    for name in _PYDICOM_FOLDERS:
        found += sorted(path for path in (folder / name).rglob("*") if path.is_file())
    return [path for path in found if path.is_file()]


def send_samples(settings: Settings, tell: Callable[[str], None]) -> Sent:
    """Send everything to the listener as a modality would. Raises ListenerAway."""
    sent = Sent()
    instances = [_read(path) for path in sample_files()]
    tell(f"Samples: sending {len(instances)} instances that pydicom ships …")
    _send(settings, iter(instances), _contexts(instances), sent)
    tell(f"Samples: making and sending a synthetic chest CT of {SLICES} slices …")
    _send(settings, chest_ct(), _contexts(list(chest_ct(range(1)))), sent)
    return sent


def run(settings: Settings) -> int:
    """The process that fills a demo home, once; progress lines go to standard output."""

    def tell(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    try:
        sent = send_samples(settings, tell)
    except ListenerAway as error:
        tell(f"Samples: {error.message}")
        return 1
    remember(settings.home, sent)
    if sent.refused:
        tell(f"Samples: {len(sent.refused)} instances were refused: {', '.join(sent.refused[:5])}")
    tell(
        f"Samples: {sent.stored} instances in {len(sent.studies)} studies are here; `isocenter samples remove` erases."
    )
    return 0


def remember(home: Path, sent: Sent) -> None:
    """Note which studies are samples, so that they can be removed and are not sent again."""
    known = remembered(home) or []
    (home / RECORD).write_text(json.dumps({"studies": sorted({*known, *sent.studies})}) + "\n", encoding="utf-8")


def remembered(home: Path) -> list[str] | None:
    """The studies that were loaded as samples (empty once they are removed); None when none ever were."""
    try:
        return list(json.loads((home / RECORD).read_text(encoding="utf-8"))["studies"])
    except FileNotFoundError:
        return None


def forget(home: Path) -> None:
    """The samples are removed, and stay away when the demo starts again."""
    (home / RECORD).write_text('{"studies": []}\n', encoding="utf-8")


def _read(path: Path) -> FileDataset:
    instance = pydicom.dcmread(path)
    assert isinstance(instance, FileDataset)
    return instance


def _contexts(instances: list[FileDataset]) -> list[PresentationContext]:
    pairs = {(str(each.SOPClassUID), str(each.file_meta.TransferSyntaxUID)) for each in instances}
    return [build_context(abstract, transfer) for abstract, transfer in sorted(pairs)]


def _send(
    settings: Settings, instances: Iterator[FileDataset], contexts: list[PresentationContext], sent: Sent
) -> None:
    application_entity = AE(ae_title=SAMPLE_AE_TITLE)
    application_entity.requested_contexts = contexts
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.dicom_host, settings.dicom_host)  # noqa: S104
    association = application_entity.associate(
        host, settings.dicom_port, ae_title=settings.ae_title, max_pdu=0, evt_handlers=[(evt.EVT_CONN_OPEN, _no_delay)]
    )
    if not association.is_established:
        raise ListenerAway(f"{settings.ae_title} at {host} port {settings.dicom_port} does not take them.")
    try:
        for instance in instances:
            _send_one(association, instance, sent)
    finally:
        association.release()


def _send_one(association: Any, instance: FileDataset, sent: Sent) -> None:
    try:
        status = association.send_c_store(instance)
    except ValueError as error:  # pynetdicom cannot encode it, or its context was not accepted
        sent.refused.append(f"{instance.SOPInstanceUID} ({error})"[:200])
        return
    code = status.get("Status")
    if code is None:
        raise ListenerAway("The listener ended the association.")
    if code != 0x0000 and code & 0xF000 != 0xB000:
        sent.refused.append(f"{instance.SOPInstanceUID} (status {code:04X})")
        return
    sent.stored += 1
    study = str(instance.StudyInstanceUID)
    if study not in sent.studies:
        sent.studies.append(study)


def _no_delay(event: Any) -> None:
    """pynetdicom leaves Nagle's algorithm on, which costs 40 ms an instance."""
    with suppress(AttributeError, OSError):
        event.assoc.dul.socket.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
