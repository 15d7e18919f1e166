"""The query of a QIDO-RS request (PS3.18 8.3.4, 10.6.1.2): matching keys by keyword or tag, paging, what to include."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from isocenter.adapters.dicomweb.errors import BadParameter

DEFAULT_LIMIT = 1000
MAX_LIMIT = 5000
MAX_OFFSET = 100_000
MAX_VALUE_CHARACTERS = 1024
MAX_LIST_VALUES = 200

STUDY_KEYS: Mapping[str, str] = {
    "00080020": "StudyDate",
    "00080030": "StudyTime",
    "00080050": "AccessionNumber",
    "00080061": "ModalitiesInStudy",
    "00080090": "ReferringPhysicianName",
    "00081030": "StudyDescription",
    "00100010": "PatientName",
    "00100020": "PatientID",
    "00100021": "IssuerOfPatientID",
    "00100030": "PatientBirthDate",
    "00100040": "PatientSex",
    "0020000D": "StudyInstanceUID",
    "00200010": "StudyID",
}
SERIES_KEYS: Mapping[str, str] = {
    "00080060": "Modality",
    "0008103E": "SeriesDescription",
    "0020000E": "SeriesInstanceUID",
    "00200011": "SeriesNumber",
}
INSTANCE_KEYS: Mapping[str, str] = {
    "00080016": "SOPClassUID",
    "00080018": "SOPInstanceUID",
    "00200013": "InstanceNumber",
}
KEYWORDS: Mapping[str, str] = {**STUDY_KEYS, **SERIES_KEYS, **INSTANCE_KEYS}
_TAGS = {keyword: tag for tag, keyword in KEYWORDS.items()}
MULTIPLE = frozenset(
    {"StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID", "Modality", "ModalitiesInStudy"}
)
"""Keys that may hold several values, any of which matches (PS3.4 C.2.2.2.2)."""


@dataclass(slots=True)
class SearchParameters:
    """filters: matching keys by keyword, each with its values (one, but for lists of UIDs and modalities).

    ignored: keys of the query that this archive does not match by; capped: limit or offset was made smaller.
    """

    filters: dict[str, tuple[str, ...]] = field(default_factory=dict)
    limit: int = DEFAULT_LIMIT
    offset: int = 0
    fuzzy: bool = False
    capped: bool = False
    ignored: list[str] = field(default_factory=list)

    def one(self, keyword: str) -> str | None:
        """The only value of a key; None when it is not asked for."""
        values = self.filters.get(keyword)
        return values[0] if values else None

    def number(self, keyword: str) -> int | None:
        """The only value of an IS key; None when it is not asked for or is no number (which matches nothing)."""
        text = (self.one(keyword) or "").strip()
        return int(text) if text.isascii() and text.lstrip("+-").isdigit() and len(text) <= 12 else None


def search_parameters(query: Iterable[tuple[str, str]]) -> SearchParameters:
    """Read a query. Universal matches (empty, "*") are left out. Raises BadParameter for what cannot be meant."""
    found = SearchParameters()
    for name, value in query:
        if len(value) > MAX_VALUE_CHARACTERS * 8 or "\0" in value:
            raise BadParameter("The value of a query parameter is too long or holds a NUL.", parameter=name[:64])
        lowered = name.lower()
        if lowered == "limit":
            found.limit = _capped(found, _number(name, value), MAX_LIMIT)
        elif lowered == "offset":
            found.offset = _capped(found, _number(name, value), MAX_OFFSET)
        elif lowered == "fuzzymatching":
            found.fuzzy = value.lower() == "true"
        elif lowered not in ("includefield", "accept", "charset", "emptyvaluematching", "multiplevaluematching"):
            _add_key(found, name, value)
    return found


def _add_key(found: SearchParameters, name: str, value: str) -> None:
    # A path such as 0040A730.0040A124 and keys we do not index match nothing away; the answer's Warning says so.
    keyword = KEYWORDS.get(name.upper()) or (name if name in _TAGS else None)
    if keyword is None:
        if not name or len(name) > 64 or not all(c.isalnum() or c in "._" for c in name):
            raise BadParameter("A query parameter is neither a keyword nor a tag.")
        found.ignored.append(name)
        return
    if value.strip("* ") == "":
        return
    separators = value.replace("\\", ",") if keyword in MULTIPLE else value
    values = (
        tuple(piece.strip() for piece in separators.split(",") if piece.strip()) if keyword in MULTIPLE else (value,)
    )
    values = (*found.filters.get(keyword, ()), *values)
    if len(values) > MAX_LIST_VALUES or (keyword not in MULTIPLE and len(values) > 1):
        raise BadParameter("Too many values for one matching key.", keyword=keyword, limit=MAX_LIST_VALUES)
    found.filters[keyword] = values


def _number(name: str, value: str) -> int:
    if not value.isascii() or not value.isdigit() or len(value) > 18:
        raise BadParameter("limit and offset are whole numbers from 0.", parameter=name)
    return int(value)


def _capped(found: SearchParameters, value: int, limit: int) -> int:
    if value > limit:
        found.capped = True
        return limit
    return value
