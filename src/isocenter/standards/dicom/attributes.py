"""What the index keeps of an object, decoded from the raw values that the skip-parser found (PS3.3 C.7, C.8, C.12).

Only missing or unusable UIDs refuse an object; every other fault becomes a warning word and a null.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from isocenter.standards.dicom.character_sets import ESCAPE, CharacterSet, character_set, decode_text
from isocenter.standards.dicom.dates import date_of, offset_from_utc_of, time_of
from isocenter.standards.dicom.elements import INDEX_TAGS
from isocenter.standards.dicom.uids import check_uid
from isocenter.standards.dicom.unseen_characters import has_unseen

# Longest text the index keeps of one value, in characters: an index entry of PostgreSQL holds about 2700 bytes.
MAX_TEXT = 512
_INT32 = 2**31 - 1
_SPECIFIC_CHARACTER_SET = 0x00080005
_DEFAULT_IS = "character-set-default-is-"
ISSUER_ASSUMED = "issuer-of-patient-id-assumed"


@dataclass(slots=True)  # not frozen: decision 0005
class IndexAttributes:
    """The searchable attributes of one object; None where not sent, empty or invalid.

    Text is Unicode, trimmed, at most MAX_TEXT characters, without NUL. patient_name keeps its groups as
    "alphabetic=ideographic=phonetic". Dates are YYYYMMDD, times HHMMSS.FFFFFF or a leading part of it, both civil.
    number_of_frames is 1 where absent. warnings: stable words, such as "patient-id-missing", in order, no doubles.
    """

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    patient_id: str | None
    issuer_of_patient_id: str | None
    patient_name: str | None
    patient_birth_date: str | None
    patient_sex: str | None
    study_date: str | None
    study_time: str | None
    accession_number: str | None
    study_id: str | None
    study_description: str | None
    referring_physician_name: str | None
    modality: str | None
    series_number: int | None
    series_description: str | None
    body_part_examined: str | None
    laterality: str | None
    protocol_name: str | None
    station_name: str | None
    instance_number: int | None
    number_of_frames: int
    rows: int | None
    columns: int | None
    bits_allocated: int | None
    samples_per_pixel: int | None
    photometric_interpretation: str | None
    timezone_offset_from_utc: str | None
    warnings: tuple[str, ...]


def index_attributes(
    values: Mapping[int, bytes],
    *,
    big_endian: bool,
    default_character_set: str | None = None,
    default_issuer_of_patient_id: str | None = None,
) -> IndexAttributes:
    """Decode the values of one object.

    values: tag → raw value bytes with their padding. default_character_set: the defined term of a sender that declares
    none, kept in a warning (`default_in`). default_issuer_of_patient_id: of one that names none with its Patient ID,
    said in a warning (ISSUER_ASSUMED): a coercion, laid over the study as one.
    Raises Invalid (of `uids.check_uid`) when the study, series, SOP instance or SOP class UID is missing or bad.
    """
    shared = tuple(map(values.get, _SHARED_TAGS))
    length = sum(len(value) for value in shared if value is not None)
    decode = _decoded_before if length <= _MOST_REMEMBERED else _decoded
    facts, warnings = decode(shared, big_endian, default_character_set, default_issuer_of_patient_id)
    read = _Reader(values, big_endian, None)
    return IndexAttributes(
        sop_instance_uid=read.uid(0x00080018, "SOPInstanceUID"),
        instance_number=read.integer(0x00200013, "instance-number"),
        number_of_frames=read.number_of_frames(),
        warnings=(*warnings, *read.warnings) if read.warnings else warnings,
        **facts,
    )


_SHARED_TAGS: Final = tuple(sorted(INDEX_TAGS - {0x00080018, 0x00200013, 0x00280008}))
"""What the images of a series mostly have in common: decoded for the first of them."""
_MOST_REMEMBERED: Final = 4096
"""Values that are longer together are decoded each time."""


def _decoded(
    shared: tuple[bytes | None, ...],
    big_endian: bool,
    default_character_set: str | None,
    default_issuer_of_patient_id: str | None,
) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    """The fields of IndexAttributes that come of the shared tags, and the warnings."""
    values = {tag: value for tag, value in zip(_SHARED_TAGS, shared, strict=True) if value is not None}
    read = _Reader(values, big_endian, default_character_set)
    patient_id = read.text(0x00100020, "patient-id")
    if patient_id is None:
        read.warn("patient-id-missing")
    issuer = read.text(0x00100021, "issuer-of-patient-id")
    if issuer is None and patient_id is not None and default_issuer_of_patient_id:
        issuer = default_issuer_of_patient_id
        read.warn(ISSUER_ASSUMED)
    facts = {
        "study_instance_uid": read.uid(0x0020000D, "StudyInstanceUID"),
        "series_instance_uid": read.uid(0x0020000E, "SeriesInstanceUID"),
        "sop_class_uid": read.uid(0x00080016, "SOPClassUID"),
        "patient_id": patient_id,
        "issuer_of_patient_id": issuer,
        "patient_name": read.text(0x00100010, "patient-name", person_name=True),
        "patient_birth_date": read.date(0x00100030, "patient-birth-date"),
        "patient_sex": read.text(0x00100040, "patient-sex"),
        "study_date": read.date(0x00080020, "study-date"),
        "study_time": read.time(0x00080030, "study-time"),
        "accession_number": read.text(0x00080050, "accession-number"),
        "study_id": read.text(0x00200010, "study-id"),
        "study_description": read.text(0x00081030, "study-description"),
        "referring_physician_name": read.text(0x00080090, "referring-physician-name", person_name=True),
        "modality": read.text(0x00080060, "modality"),
        "series_number": read.integer(0x00200011, "series-number"),
        "series_description": read.text(0x0008103E, "series-description"),
        "body_part_examined": read.text(0x00180015, "body-part-examined"),
        "laterality": read.text(0x00200060, "laterality"),
        "protocol_name": read.text(0x00181030, "protocol-name"),
        "station_name": read.text(0x00081010, "station-name"),
        "rows": read.unsigned_short(0x00280010, "rows"),
        "columns": read.unsigned_short(0x00280011, "columns"),
        "bits_allocated": read.unsigned_short(0x00280100, "bits-allocated"),
        "samples_per_pixel": read.unsigned_short(0x00280002, "samples-per-pixel"),
        "photometric_interpretation": read.text(0x00280004, "photometric-interpretation"),
        "timezone_offset_from_utc": read.offset(0x00080201, "timezone-offset-from-utc"),
    }
    return facts, tuple(read.warnings)


_decoded_before = lru_cache(maxsize=256)(_decoded)


def default_in(warnings: str | None) -> str | None:
    """The default character set that an object was indexed with, from its warnings joined by spaces; None without one.

    Whoever decodes its text later uses the same, whatever is said of the sender by then.
    """
    for word in (warnings or "").split(" "):
        if word.startswith(_DEFAULT_IS):
            return word.removeprefix(_DEFAULT_IS)
    return None


class _Reader:
    """Reads values one by one and collects what was wrong with them."""

    __slots__ = ("_declared", "_default", "_unsigned_short", "_values", "warnings")

    def __init__(self, values: Mapping[int, bytes], big_endian: bool, default: str | None) -> None:
        self._values = values
        self._default = default
        self._unsigned_short = ">H" if big_endian else "<H"
        self._declared: CharacterSet | None = None
        self.warnings: dict[str, None] = {}
        if default and not values.get(_SPECIFIC_CHARACTER_SET, b"").strip(b" \0"):
            self.warn(_DEFAULT_IS + default.replace(" ", "_"))

    def warn(self, word: str) -> None:
        self.warnings.setdefault(word)

    def uid(self, tag: int, keyword: str) -> str:
        raw = self._values.get(tag, b"")
        return check_uid(raw.rstrip(b"\0 ").decode("latin_1"), keyword)

    def text(self, tag: int, name: str, *, person_name: bool = False) -> str | None:
        raw = self._values.get(tag)
        if not raw:
            return None
        plain = raw.isascii() and ESCAPE not in raw
        text = raw.decode("ascii") if plain else self._decode(raw, person_name)
        text = text.strip(" \0")
        if "\0" in text:
            text = text.replace("\0", "")
            self.warn(f"{name}-invalid")
        if not plain and has_unseen(text):
            self.warn(f"{name}-has-unseen-characters")
        if len(text) > MAX_TEXT:
            text = text[:MAX_TEXT]
            self.warn(f"{name}-too-long")
        return text or None

    def _decode(self, raw: bytes, person_name: bool) -> str:
        if self._declared is None:
            # A table of character sets is small and a value of (0008,0005) short: what is longer is no declaration.
            self._declared = character_set(bytes(self._values.get(_SPECIFIC_CHARACTER_SET, b"")[:256]), self._default)
            if not self._declared.known:
                self.warn("character-set-unknown")
        decoded = decode_text(raw, self._declared, person_name=person_name)
        if decoded.mislabelled:
            self.warn("character-set-mislabelled")
        return decoded.text

    def _ascii(self, tag: int) -> str:
        raw = self._values.get(tag)
        return raw.decode("latin_1").strip(" \0") if raw else ""

    def date(self, tag: int, name: str) -> str | None:
        text = self._ascii(tag)
        found = date_of(text) if text else None
        if text and found is None:
            self.warn(f"{name}-invalid")
        return found

    def time(self, tag: int, name: str) -> str | None:
        text = self._ascii(tag)
        found = time_of(text) if text else None
        if text and found is None:
            self.warn(f"{name}-invalid")
        return found

    def offset(self, tag: int, name: str) -> str | None:
        text = self._ascii(tag)
        found = offset_from_utc_of(text) if text else None
        if text and found is None:
            self.warn(f"{name}-invalid")
        return found

    def integer(self, tag: int, name: str) -> int | None:
        """The first value of an IS; a whole number written as a decimal ("1.0") is understood."""
        text = self._ascii(tag).split("\\", 1)[0].strip()
        if not text:
            return None
        found = _whole_number(text)
        if found is None:
            self.warn(f"{name}-invalid")
        return found

    def number_of_frames(self) -> int:
        found = self.integer(0x00280008, "number-of-frames")
        if found is None:
            return 1
        if found < 1:
            self.warn("number-of-frames-invalid")
            return 1
        return found

    def unsigned_short(self, tag: int, name: str) -> int | None:
        raw = self._values.get(tag)
        if not raw:
            return None
        if len(raw) < 2:
            self.warn(f"{name}-invalid")
            return None
        number: int = struct.unpack_from(self._unsigned_short, raw)[0]
        return number


def _whole_number(text: str) -> int | None:
    if len(text) > 24 or not text.isascii() or "_" in text:
        return None
    try:
        number = int(text)
    except ValueError:
        try:
            decimal = float(text)
        except ValueError:
            return None
        if not decimal.is_integer():  # also NaN and infinity
            return None
        number = int(decimal)
    return number if -_INT32 - 1 <= number <= _INT32 else None
