"""What is fuzzed: functions that take any bytes. Whatever they are given they return, or raise one of our errors."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from tests.wire.upper_layer import CT_IMAGE_STORAGE, IMPLICIT, ScriptedConnection, recording_services

from isocenter.adapters.dicomweb.negotiation import choose
from isocenter.adapters.dicomweb.search_parameters import search_parameters
from isocenter.domain.migration.media_directory import place_of
from isocenter.kit.errors import IsocenterError
from isocenter.pixels.codestreams import identify
from isocenter.pixels.description import image_description
from isocenter.pixels.errors import UndecodableFrame
from isocenter.standards.dicom.attributes import index_attributes
from isocenter.standards.dicom.character_sets import character_set, decode_text
from isocenter.standards.dicom.dimse import decode_command_set
from isocenter.standards.dicom.elements import scan
from isocenter.standards.dicom.identifiers import decode_identifier
from isocenter.standards.dicom.json_model import data_set_to_json
from isocenter.standards.dicom.overlay import Correction, Reason, Replacement, overlay_header
from isocenter.standards.dicom.part10 import read_file_meta
from isocenter.standards.dicom.person_name import name_tokens, parse_person_name
from isocenter.standards.dicom.transfer_syntaxes import transfer_syntax
from isocenter.standards.dicom.unseen_characters import marked
from isocenter.wire.association import Association
from isocenter.wire.multipart import MultipartParser, PartData, boundary_of, parse_media_type
from isocenter.wire.pdu import AnsweredContext, ContextResult, ProposedContext, decode_associate_request
from isocenter.wire.requestor_pdu import decode_associate_accept, decode_associate_reject
from isocenter.wire.service import Peer

Target = Callable[[bytes], None]

SYNTAXES = (
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2.2",
    "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.5",
)
TERMS = (b"", b"ISO_IR 100", b"ISO_IR 192", b"GB18030", b"ISO_IR 13", b"\\ISO 2022 IR 87\\ISO 2022 IR 149", b"NONE")
ROUNDS_ALLOWED = 10_000
CORRECTED_AT = datetime(2026, 1, 2, tzinfo=UTC)


def association_request(data: bytes) -> None:
    """The body of an A-ASSOCIATE-RQ."""
    decode_associate_request(data)


def association_stream(data: bytes) -> None:
    """All that a peer sends after its association was accepted, cut where the first byte says."""
    storage, verification = recording_services()
    size = data[0] + 1 if data else 1
    pieces = [data[at : at + size] for at in range(1, len(data), size)][:ROUNDS_ALLOWED]
    connection = ScriptedConnection(pieces)
    contexts = [
        AnsweredContext(1, ContextResult.ACCEPTANCE, CT_IMAGE_STORAGE, IMPLICIT),
        AnsweredContext(3, ContextResult.ACCEPTANCE, "1.2.840.10008.1.1", IMPLICIT),
    ]
    Association(
        connection,  # type: ignore[arg-type]
        Peer("TESTER", "ISOCENTER", "127.0.0.1"),
        contexts,
        [storage, verification],
        max_pdu_bytes=16384,
        peer_max_pdu_bytes=0,
        idle_for_s=1,
    ).run(b"")
    assert {message.outcome for message in storage.messages} <= {"finished", "abandoned"}
    assert len(connection.sent) <= 64 * len(data) + 64, "answers far more than it was asked"


def command_set(data: bytes) -> None:
    """A DIMSE command set."""
    decode_command_set(data)


def data_set(data: bytes) -> None:
    """A data set as it is received: walked, indexed, put into JSON, described. The first byte chooses the syntax."""
    syntax = transfer_syntax(SYNTAXES[data[0] % len(SYNTAXES)] if data else SYNTAXES[0])
    content = memoryview(data)[1:]
    found = scan(content, syntax)
    span = found.pixel_data
    assert span is None or span.value_offset <= len(content) or syntax.deflated
    try:
        index_attributes(found.values, big_endian=found.big_endian)
    except IsocenterError:
        pass
    model = data_set_to_json(content, syntax, bulk_data_uri=str)
    image_description(model)


def file_meta(data: bytes) -> None:
    """The beginning of a Part 10 file."""
    meta = read_file_meta(memoryview(data))
    assert 0 < meta.data_set_offset <= len(data)


def identifier(data: bytes) -> None:
    """The identifier of a C-FIND or C-MOVE."""
    decode_identifier(data[1:], SYNTAXES[data[0] % 2] if data else SYNTAXES[0])


def multipart_body(data: bytes) -> None:
    """A multipart body, whole and in pieces: both ways say the same."""
    whole, pieces = _parts(data, len(data) or 1), _parts(data, 7)
    assert whole == pieces


def _parts(data: bytes, size: int) -> tuple[bytes, int, bool]:
    parser = MultipartParser(b"b-o-u-n-d")
    content, count, failed = b"", 0, False
    try:
        for at in range(0, len(data), size):
            for event in parser.feed(data[at : at + size]):
                count += not isinstance(event, PartData)
                content += bytes(event.data) if isinstance(event, PartData) else b""
        parser.finish()
    except IsocenterError:
        failed = True
    return (b"", 0, True) if failed else (content, count, False)


def header_values(data: bytes) -> None:
    """Content-Type and Accept."""
    text = data.decode("latin_1")
    try:
        choose(text, ["application/dicom+json"])
    except IsocenterError:
        pass
    boundary_of(parse_media_type(text))


def query_parameters(data: bytes) -> None:
    """The query of a QIDO-RS request."""
    search_parameters(parse_qsl(data.decode("utf_8", "replace"), keep_blank_values=True, max_num_fields=1000))


def text_value(data: bytes) -> None:
    """Bytes of a name under a character set that the first byte chooses."""
    declared = character_set(TERMS[data[0] % len(TERMS)] if data else b"")
    text = decode_text(data[1:], declared, person_name=True).text
    text.encode("utf_8")
    parse_person_name(text).to_json()
    name_tokens(marked(text))


def association_answer(data: bytes) -> None:
    """The body of the A-ASSOCIATE-AC or -RJ that a peer of ours sends back."""
    decode_associate_accept(data, [ProposedContext(1, CT_IMAGE_STORAGE, (IMPLICIT,))])
    decode_associate_reject(data)


def correction(data: bytes) -> None:
    """A correction laid over a header: the result is read again and says what was corrected, once."""
    syntax = transfer_syntax(SYNTAXES[data[0] % 2] if data else SYNTAXES[0])
    name = Replacement(0x00100010, "PN", "Right^Name=王^小东")
    made = overlay_header(data[1:], syntax, [Correction((name,), Reason.CORRECT, CORRECTED_AT, "FUZZ")])
    model = data_set_to_json(made, syntax, bulk_data_uri=str)
    assert model["00100010"]["Value"] == [{"Alphabetic": "Right^Name", "Ideographic": "王^小东"}]


def code_stream(data: bytes) -> None:
    """The head of a compressed frame."""
    try:
        identify(data)
    except UndecodableFrame:
        pass


def media_directory_place(data: bytes) -> None:
    """The file id of a record of a DICOMDIR: it never leads out of the folder of the media."""
    place = place_of(data.decode("latin_1").split("\\"))
    parts = place.split("/")
    assert "" not in parts and "." not in parts and ".." not in parts, place


TARGETS: dict[str, Target] = {
    each.__name__: each
    for each in (
        association_request,
        association_stream,
        command_set,
        data_set,
        file_meta,
        identifier,
        multipart_body,
        header_values,
        query_parameters,
        text_value,
        association_answer,
        correction,
        code_stream,
        media_directory_place,
    )
}


def survives(target: Target, data: bytes) -> None:
    """Run one input; our errors are answers, anything else is a find."""
    try:
        target(data)
    except IsocenterError:
        pass
