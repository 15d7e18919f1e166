"""DICOM JSON of instances, series and studies (PS3.18 8.7.3.5, Annex F), kept per object as received.

A sealed instance has its JSON in the pack; that of an open one is made from its header in a confined process. Both name
long values by "bulkdata/<path>", relative to the instance; the door's absolute address is put in when it is sent.
"""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from functools import partial

import msgspec
from blake3 import blake3

from isocenter import __version__
from isocenter.delivery.header_json import HeaderWork, headers_to_json
from isocenter.delivery.library import Library
from isocenter.delivery.study_view import InstanceView, StudyView
from isocenter.kit.confined import ConfinedFailure
from isocenter.standards.dicom.overlay import overlay_json
from isocenter.storage.manifest import decode_json

BATCH = 64
"""So many headers go to a confined process at once."""
GZIP_LEVEL = 4


def metadata_of(library: Library, view: StudyView, instances: Sequence[InstanceView], base_url: str) -> bytes:
    """A JSON array with the metadata of some instances, in their order. base_url: address of the DICOMweb service."""
    texts = _texts(library, view.institution_id, instances)
    study_url = f"{base_url}/studies/{view.study_instance_uid}"
    addressed = (
        text.replace(
            b'"BulkDataURI":"bulkdata/',
            f'"BulkDataURI":"{study_url}/series/{one.series_instance_uid}/instances/{one.sop_instance_uid}/bulkdata/'.encode(),
        )
        for one, text in zip(instances, map(_current, instances, texts), strict=True)
    )
    return b"[" + b",".join(addressed) + b"]"


def metadata_answer(
    library: Library, view: StudyView, scope: str, instances: Sequence[InstanceView], base_url: str, *, compressed: bool
) -> bytes:
    """What a metadata resource answers, gzip if asked, kept for as long as the study stays at its version."""
    key = ("metadata", view.institution_id, view.study_instance_uid, view.version, scope, base_url, compressed)
    known = library.metadata.get(key)
    if known is None:
        known = metadata_of(library, view, instances, base_url)
        if compressed:
            known = gzip.compress(known, GZIP_LEVEL, mtime=0)
        library.metadata.put(key, known)
    return known


def metadata_etag(view: StudyView, scope: str, base_url: str) -> bytes:
    """A weak entity tag: it changes with the study's version and with our own, without making the body first."""
    words = (str(view.institution_id), view.study_instance_uid, str(view.version), scope, base_url, __version__)
    return b'W/"%s"' % blake3("\n".join(words).encode()).hexdigest(16).encode()


def _texts(library: Library, institution_id: int, instances: Sequence[InstanceView]) -> list[bytes]:
    found: dict[int, bytes] = {}
    missing: list[int] = []
    for number, instance in enumerate(instances):
        text = library.metadata.get(_text_key(institution_id, instance))
        if text is None:
            missing.append(number)
        else:
            found[number] = text
    for start in range(0, len(missing), BATCH):
        batch = missing[start : start + BATCH]
        made = _make(library, institution_id, [instances[number] for number in batch])
        for number, text in zip(batch, made, strict=True):
            library.metadata.put(_text_key(institution_id, instances[number]), text)
            found[number] = text
    return [found[number] for number in range(len(instances))]


def _current(instance: InstanceView, text: bytes) -> bytes:
    """The JSON with the instance's corrections laid over it; what is kept in memory is as received."""
    if not instance.corrections:
        return text
    return msgspec.json.encode(overlay_json(msgspec.json.decode(text), instance.corrections))


def _text_key(institution_id: int, instance: InstanceView) -> tuple[object, ...]:
    """Sealing in another form changes a header too: Planar Configuration, Photometric Interpretation."""
    return ("json", institution_id, instance.digest, instance.packed is not None, instance.default_character_set)


def _make(library: Library, institution_id: int, instances: Sequence[InstanceView]) -> list[bytes]:
    """JSON of sealed instances from their packs, of open ones from their headers; the least there is if neither."""
    texts: list[bytes | None] = [None] * len(instances)
    work: list[tuple[int, HeaderWork]] = []
    for number, instance in enumerate(instances):
        packed = instance.packed
        if packed is not None:
            texts[number] = decode_json(bytes(library.files.read(packed.manifest.json(packed.entry))))
        else:
            work.append((number, _header_work(library, institution_id, instance)))
    if work:
        made = _confined(library, [one for _, one in work])
        for (number, _), text in zip(work, made, strict=True):
            texts[number] = text
    return [text if text is not None else _least(instances[number]) for number, text in enumerate(texts)]


def _header_work(library: Library, institution_id: int, instance: InstanceView) -> HeaderWork:
    form = library.form(institution_id, instance)
    header = bytes(library.files.read(form.within(0, form.header_length)))
    return header, form.transfer_syntax_uid, form.pixel_offset is not None, instance.default_character_set


def _confined(library: Library, work: list[HeaderWork]) -> list[bytes | None]:
    """All at once; when that fails, one by one, so that one bad header costs only itself."""
    call = partial(library.confined.call, headers_to_json)
    try:
        return list(call(work))
    except ConfinedFailure:
        if len(work) == 1:
            return [None]
    return [text for one in work for text in _confined(library, [one])]


def _least(instance: InstanceView) -> bytes:
    """What the index knows, for an object whose header cannot be put into JSON."""
    values = {
        "00080016": ("UI", instance.sop_class_uid),
        "00080018": ("UI", instance.sop_instance_uid),
        "0020000E": ("UI", instance.series_instance_uid),
    }
    return msgspec.json.encode({tag: {"vr": vr, "Value": [value]} for tag, (vr, value) in values.items()})
