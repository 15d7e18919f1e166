"""Metadata and search results in the forms of PS3.18 8.7.3.2: one array of JSON, or documents of XML as parts."""

from __future__ import annotations

from collections.abc import Iterable

from blake3 import blake3

from isocenter.adapters.dicomweb.answers import Answer, Headers, multipart_type
from isocenter.adapters.dicomweb.negotiation import DICOM_JSON, DICOM_XML, MULTIPART, NotAcceptable, accepted
from isocenter.standards.dicom.native_model import Model, native_model
from isocenter.wire.multipart import closing, part_head

JSON = "application/json"
_PART_HEADERS = (("Content-Type", DICOM_XML),)


def description_type(header: str) -> str:
    """DICOM_JSON, JSON or, in multipart/related, DICOM_XML: what an Accept header wants most. Raises NotAcceptable."""
    for wanted in accepted(header):
        for offer in (DICOM_XML,) if wanted.multipart else (DICOM_JSON, JSON):
            if wanted.matches(offer):
                return offer
    raise NotAcceptable(f'This resource is given as {DICOM_JSON}, {JSON}, {MULTIPART}; type="{DICOM_XML}".')


def xml_answer(models: Iterable[Model], headers: Headers) -> Answer:
    """Each data set as one part. The same data sets give the same bytes, so that an entity tag can be made of them."""
    documents = [native_model(model) for model in models]
    digest = blake3()
    for document in documents:
        digest.update(document)
    boundary = b"isocenter-" + digest.hexdigest(16).encode()
    parts = [
        piece
        for number, document in enumerate(documents)
        for piece in (part_head(boundary, _PART_HEADERS, first=number == 0), document)
    ]
    body = b"".join([*parts, closing(boundary)])
    return Answer(media_type=multipart_type(boundary, DICOM_XML), body=body, headers=headers)
