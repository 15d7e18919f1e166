"""multipart/related, parsed in any cutting and written so that the parser reads it back."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isocenter.kit.errors import Invalid
from isocenter.wire.multipart import (
    Limits,
    MalformedMediaType,
    MalformedMultipart,
    MultipartParser,
    MultipartTooLarge,
    PartBegin,
    PartData,
    PartEnd,
    boundary_of,
    closing,
    new_boundary,
    parse_media_type,
    part_head,
)

Part = tuple[dict[str, str], bytes]


def parsed(
    body: bytes, boundary: bytes = b"b", cuts: list[int] | None = None, limits: Limits | None = None
) -> list[Part]:
    parser = MultipartParser(boundary, limits or Limits())
    parts: list[Part] = []
    headers: dict[str, str] = {}
    content = b""
    open_part = False
    edges = [0, *sorted(c % (len(body) + 1) for c in cuts or []), len(body)]
    for start, end in itertools.pairwise(edges):
        for event in parser.feed(body[start:end]):
            if isinstance(event, PartBegin):
                assert not open_part
                headers, content, open_part = dict(event.headers), b"", True
            elif isinstance(event, PartData):
                assert open_part
                content += bytes(event.data)
            elif isinstance(event, PartEnd):
                open_part = False
                parts.append((headers, content))
    parser.finish()
    return parts


def written(parts: list[Part], boundary: bytes) -> bytes:
    pieces = []
    for number, (headers, content) in enumerate(parts):
        pieces += [part_head(boundary, headers.items(), first=number == 0), content]
    return b"".join([*pieces, closing(boundary)])


def test_a_plain_body_gives_its_parts() -> None:
    body = b"--b\r\nContent-Type: application/dicom\r\n\r\nDATA\r\n--b\r\n\r\n\r\n--b--\r\nepilogue"
    assert parsed(body) == [({"content-type": "application/dicom"}, b"DATA"), ({}, b"")]


def test_a_preamble_and_padding_after_the_boundary_are_passed_over() -> None:
    assert parsed(b"hello\r\n--b \t \r\nA: 1\r\n\r\nx\r\n--b--") == [({"a": "1"}, b"x")]


def test_a_line_that_only_resembles_the_boundary_is_content() -> None:
    content = b"\r\n-\r\n--\r\n\r\r\n--B\r\n --b"
    assert parsed(b"--b\r\n\r\n" + content + b"\r\n--b--", cuts=list(range(60))) == [({}, content)]


@settings(max_examples=200, deadline=None)
@given(
    contents=st.lists(
        st.lists(st.sampled_from([b"\r", b"\n", b"-", b"--", b"X", b"\0", b"b"]), max_size=40), min_size=1, max_size=5
    ),
    cuts=st.lists(st.integers(0, 2000), max_size=30),
)
def test_what_is_written_is_read_back_however_the_bytes_are_cut(contents: list[list[bytes]], cuts: list[int]) -> None:
    boundary = b"X-b-never-in-content"
    parts = [({"content-type": "application/dicom", "n": str(n)}, b"".join(c)) for n, c in enumerate(contents)]
    assert parsed(written(parts, boundary), boundary, cuts) == parts


@settings(max_examples=300, deadline=None)
@given(
    body=st.lists(st.sampled_from([b"--b", b"\r\n", b"\r", b"\n", b"--", b"A: 1", b"x", b" ", b"\0"]), max_size=30),
    cuts=st.lists(st.integers(0, 100), max_size=10),
)
def test_any_bytes_give_one_answer_however_they_are_cut_or_a_family_error(body: list[bytes], cuts: list[int]) -> None:
    joined = b"".join(body)

    def answer(where: list[int]) -> list[Part] | str:
        try:
            return parsed(joined, cuts=where)
        except Invalid as error:
            return error.reason

    assert answer(cuts) == answer([])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--b",
        b"--b\r\nA: 1\r\n\r\ndata",
        b"--c\r\n\r\nx\r\n--c--",
        b"--b\r\nno colon\r\n\r\nx\r\n--b--",
        b"--bx\r\n\r\nx\r\n--b--",
        b"--b\nA: 1\n\nx\n--b--",
        b"--b\r\nA: 1\0\r\n\r\nx\r\n--b--",
    ],
)
def test_a_body_that_is_not_multipart_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedMultipart):
        parsed(body)


def test_a_flood_of_parts_is_stopped_at_the_limit() -> None:
    with pytest.raises(MultipartTooLarge):
        parsed(b"--b\r\n\r\n\r\n" * 11 + b"--b--", limits=Limits(parts=10))


def test_headers_without_end_are_stopped_at_the_limit() -> None:
    parser = MultipartParser(b"b", Limits(part_header_bytes=100))
    list(parser.feed(b"--b\r\nA: "))
    with pytest.raises(MultipartTooLarge):
        for _ in range(20):
            list(parser.feed(b"x" * 10))


def test_a_body_of_another_boundary_is_stopped_at_the_preamble_limit() -> None:
    parser = MultipartParser(b"b", Limits(preamble_bytes=100))
    with pytest.raises(MalformedMultipart):
        list(parser.feed(b"--other\r\n" * 100))


def test_a_media_type_gives_its_parameters_quoted_or_not() -> None:
    media_type = parse_media_type('Multipart/Related; type="application/dicom"; BOUNDARY=a-b; note="x;\\"y"')
    assert media_type.name == "multipart/related"
    assert media_type.parameters == {"type": "application/dicom", "boundary": "a-b", "note": 'x;"y'}
    assert parse_media_type("multipart/related; type=application/dicom").parameters["type"] == "application/dicom"


@pytest.mark.parametrize("text", ["", "text", "a/b; x", 'a/b; x="', "a/b; x=\x00", "a/" + "b" * 2000, "a/b; x="])
def test_a_media_type_that_does_not_parse_is_refused(text: str) -> None:
    with pytest.raises(MalformedMediaType):
        parse_media_type(text)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_a_media_type_or_a_family_error(text: str) -> None:
    try:
        boundary_of(parse_media_type("multipart/related; " + text))
    except Invalid:
        return


@pytest.mark.parametrize("boundary", ["", "x" * 201, "a\u00e4", "ends ", "a[b"])
def test_a_boundary_outside_the_rfc_is_refused(boundary: str) -> None:
    with pytest.raises(MalformedMultipart):
        boundary_of(parse_media_type(f'multipart/related; boundary="{boundary}"'))


def test_our_boundaries_are_valid_and_differ() -> None:
    first, second = new_boundary(), new_boundary()
    assert first != second
    assert boundary_of(parse_media_type(f"multipart/related; boundary={first.decode()}")) == first


def test_a_boundary_as_long_as_orthanc_sends_is_taken() -> None:
    name = "250f4640-5e2b-479d-97f8-6f98b4d451ac-250f4640-5e2b-479d-97f8-6f98b4d451ac"
    assert boundary_of(parse_media_type(f"multipart/related; boundary={name}")) == name.encode()
