"""Key images: key object selections (PS3.3 A.35.4, PS3.16 TID 2010) filed for a reader, and read from a study."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.domain.archive.store import Archive
from isocenter.domain.reading import concepts
from isocenter.domain.reading.filing import Filed, file_object, making_of
from isocenter.domain.reading.readers import check_document
from isocenter.domain.reading.study_at_hand import (
    NotRead,
    StudyAtHand,
    check_owned,
    images_of,
    metadata_of_one,
    read_all,
)
from isocenter.kit.database import Database
from isocenter.standards.dicom.content_items import code_item, container, image_item, name_item, text_item
from isocenter.standards.dicom.content_tree import content_tree
from isocenter.standards.dicom.documents import Document, document_of, images_in_evidence
from isocenter.standards.dicom.new_objects import (
    Making,
    Model,
    Read,
    ReferencedImage,
    by_series,
    element,
    evidence,
    heading,
    sequence,
)
from isocenter.standards.dicom.rejection_note import KEY_OBJECT_SELECTION_DOCUMENT, REJECTION_CODES

TITLES: Final = {
    "113000": "Of Interest",
    "113002": "For Referring Provider",
    "113003": "For Surgery",
    "113004": "For Teaching",
    "113005": "For Conference",
    "113006": "For Therapy",
    "113007": "For Patient",
    "113008": "For Peer Review",
    "113009": "For Research",
    "113018": "For Printing",
    "113020": "For Report Attachment",
}
"""Document titles of CID 7010 that need no further reason (113010 and 113013 do), scheme DCM."""
DESCRIPTION: Final = ("113012", "DCM", "Key Object Description")
SERIES: Final = (9902, "Key images")
MAX_NOTE_BYTES: Final = 8 << 10

Wanted = tuple[str, str, tuple[int, ...]]
"""Series, instance, frames from 1 (() is all)."""


@dataclass(frozen=True, slots=True)
class KeyImageNote:
    """One selection. images: those of this study that are here; references_elsewhere: how many others it names."""

    document: Document
    title: concepts.Concept | None
    note: str | None
    images: tuple[Wanted, ...]
    references_elsewhere: int


def file_key_images(
    archive: Archive,
    database: Database,
    caller: Caller,
    study: StudyAtHand,
    *,
    title: str,
    note: str | None,
    images: Sequence[Wanted],
) -> Filed:
    """File a selection. Raises Refused, SharedStudy, UnknownImage, NotKept, TooLarge, Exhausted."""
    caller.require(Right.ANNOTATE)
    check_owned(caller, study)
    check_document(note, MAX_NOTE_BYTES)
    found = images_of(study, images)
    image = metadata_of_one(study, images[0][1])
    model = selection_of(image, title, note, list(found.values()), making_of(database, caller, image))
    action = audit.Action.KEY_IMAGES_FILED
    return file_object(archive, database, caller, study.study_instance_uid, model, action=action, images=len(found))


def key_images(caller: Caller, study: StudyAtHand) -> tuple[list[KeyImageNote], list[NotRead]]:
    """Every selection that rejects nothing, newest first, and what could not be read. Raises Refused."""
    caller.require(Right.READ)

    def read(model: Read) -> KeyImageNote | None:
        return read_selection(model, study)

    found, failed = read_all(study, (KEY_OBJECT_SELECTION_DOCUMENT,), read)
    return sorted(found, key=lambda each: each.document.made_at or "", reverse=True), failed


def selection_of(image: Read, title: str, note: str | None, images: Sequence[ReferencedImage], making: Making) -> Model:
    """The whole data set as DICOM JSON. image: metadata of one of the images."""
    model = heading(image, making, sop_class_uid=KEY_OBJECT_SELECTION_DOCUMENT, modality="KO", series=SERIES)
    once = [each for members in by_series(images).values() for each in members]
    children = [
        code_item("HAS OBS CONTEXT", concepts.OBSERVER_TYPE, concepts.PERSON),
        name_item("HAS OBS CONTEXT", concepts.OBSERVER_NAME, making.by),
        *([text_item("CONTAINS", DESCRIPTION, note)] if note else []),
        *(image_item("CONTAINS", each) for each in once),
    ]
    return (
        model
        | {
            "00080023": element("DA", making.at.strftime("%Y%m%d")),
            "00080033": element("TM", making.at.strftime("%H%M%S.%f")),
            "00081111": sequence(),
            "0040A375": evidence(image, once),
        }
        | container("", (title, "DCM", TITLES[title]), children, template="2010")
    )


def read_selection(model: Read, study: StudyAtHand) -> KeyImageNote | None:
    """The selection; None when it rejects what it names (CID 7011). Raises TooLargeReport."""
    root = content_tree(model)
    if root.name is not None and root.name[0] in REJECTION_CODES and root.name[1] in ("DCM", "99DCM"):
        return None
    named = images_in_evidence(model)
    images: dict[Wanted, None] = {}
    elsewhere = 0
    for reference in (each for item in root.all() for each in item.references):
        here = study.instance(reference.sop_instance_uid)
        said = named.get(reference.sop_instance_uid)
        if here is None or (said is not None and said[0] not in ("", study.study_instance_uid)):
            elsewhere += 1
            continue
        images.setdefault((here.series_instance_uid, here.sop_instance_uid, reference.frame_numbers))
    note = next((each.text for each in root.all() if each.is_about(DESCRIPTION[:2])), None)
    author = next((each.text for each in root.all() if each.is_about(concepts.OBSERVER_NAME[:2])), None)
    document = document_of(model, by=author, when=("00080023", "00080033"))
    return KeyImageNote(document, root.name, note, tuple(images), elsewhere)
