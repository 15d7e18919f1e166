"""Specific Character Set (0008,0005): bytes of a text value to Unicode (PS3.3 C.12.1.1.2, PS3.5 6.1 and annexes H-K).

Single-byte sets, UTF-8, GB18030, GBK and ISO 2022 code extensions. Senders mislabel: Chinese bytes under ISO_IR 100
are found by their shape (mislabelled_text). Decoding never fails; what is not trusted is in `Decoded.mislabelled`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from isocenter.standards.dicom.mislabelled_text import codec_by_shape, is_utf_8_under_gb18030

ESCAPE = 0x1B

# Defined terms without code extensions, and the codec of Python that reads them.
_CODECS: dict[str, str] = {
    "": "ascii",
    "ISO_IR 6": "ascii",
    "ISO_IR 13": "cp932",  # JIS X 0201; real devices put Shift_JIS under this name, and cp932 reads both
    "ISO_IR 100": "latin_1",
    "ISO_IR 101": "iso8859_2",
    "ISO_IR 109": "iso8859_3",
    "ISO_IR 110": "iso8859_4",
    "ISO_IR 126": "iso8859_7",
    "ISO_IR 127": "iso8859_6",
    "ISO_IR 138": "iso8859_8",
    "ISO_IR 144": "iso8859_5",
    "ISO_IR 148": "iso8859_9",
    "ISO_IR 166": "iso8859_11",
    "ISO_IR 192": "utf_8",
    "ISO_IR 203": "iso8859_15",
    "GB18030": "gb18030",
    "GBK": "gb18030",  # GB18030 reads every GBK character and no error more
    # Multi-byte sets are only allowed behind an escape, but are also seen alone as value 1.
    "ISO_IR 58": "gb18030",
    "ISO_IR 87": "cp932",
    "ISO_IR 149": "cp949",
}

# Escape sequences (PS3.3 tables C.12-3 and C.12-4) → (code element, how its bytes are read).
_ESCAPES: dict[bytes, tuple[str, str]] = {
    b"\x1b(B": ("G0", "ascii"),
    b"\x1b(J": ("G0", "ascii"),
    b"\x1b)I": ("G1", "cp932"),
    b"\x1b-A": ("G1", "latin_1"),
    b"\x1b-B": ("G1", "iso8859_2"),
    b"\x1b-C": ("G1", "iso8859_3"),
    b"\x1b-D": ("G1", "iso8859_4"),
    b"\x1b-F": ("G1", "iso8859_7"),
    b"\x1b-G": ("G1", "iso8859_6"),
    b"\x1b-H": ("G1", "iso8859_8"),
    b"\x1b-L": ("G1", "iso8859_5"),
    b"\x1b-M": ("G1", "iso8859_9"),
    b"\x1b-T": ("G1", "iso8859_11"),
    b"\x1b-b": ("G1", "iso8859_15"),
    b"\x1b$)A": ("G1", "gb18030"),
    b"\x1b$)C": ("G1", "cp949"),
    b"\x1b$B": ("G0", "jis_x_0208"),
    b"\x1b$(D": ("G0", "jis_x_0212"),
}
_LINE_ENDS = b"\t\n\x0c\r"


@dataclass(frozen=True, slots=True)
class CharacterSet:
    """The character sets one object declares.

    terms: the defined terms as sent, trimmed, value 1 first (empty string: none). codec: how value 1 is read.
    code_extensions: whether escape sequences may switch. known: False when a term is in no table.
    """

    terms: tuple[str, ...]
    codec: str
    code_extensions: bool
    known: bool


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text, and whether the bytes were not what their label says."""

    text: str
    mislabelled: bool = False


@lru_cache(maxsize=256)
def character_set(value: bytes, default: str | None = None) -> CharacterSet:
    """The sets declared by the value of (0008,0005), its padding included; `default`: the value of a silent sender.

    Terms are read leniently ("ISO IR 100", "iso-ir-100"), as devices write them.
    """
    declared = value.decode("ascii", "replace").rstrip(" \0").split("\\")
    terms = tuple(_canonical(term) for term in declared)
    if terms == ("",) and default:
        terms = tuple(_canonical(term) for term in default.split("\\"))
    codec = _CODECS.get(terms[0].replace("ISO 2022 IR", "ISO_IR"))
    known = codec is not None and all(term.replace("ISO 2022 IR", "ISO_IR") in _CODECS for term in terms)
    extended = len(terms) > 1 or terms[0].startswith("ISO 2022")
    return CharacterSet(terms, codec or "latin_1", extended and codec not in ("utf_8", "gb18030"), known)


def _canonical(term: str) -> str:
    words = term.strip(" \0").upper().replace("_", " ").replace("-", " ").split()
    if not words:
        return ""
    if words in (["UTF", "8"], ["UTF8"]):
        return "ISO_IR 192"
    if words[0] == "ISO" and len(words) == 3 and words[1] == "IR":
        return f"ISO_IR {words[2]}"
    if words[:2] == ["ISO", "2022"]:
        return f"ISO 2022 IR {words[-1]}"
    return "".join(words)


def decode_text(raw: bytes, declared: CharacterSet, *, person_name: bool = False) -> Decoded:
    """The text of a whole value, backslashes between its parts included.

    Decode first and split after: in GB18030 and Shift_JIS the second byte of a character may be a backslash or a
    caret. `person_name` also ends code extensions at ^ and = (PS3.5 6.1.2.5.3).
    """
    if raw.isascii() and ESCAPE not in raw:
        return Decoded(raw.decode("ascii"))
    if declared.code_extensions or (ESCAPE in raw and declared.codec not in ("utf_8", "gb18030")):
        return _decode_extended(raw, declared, b"\\^=" if person_name else b"\\")
    return _decode_plain(raw, declared)


def _decode_plain(raw: bytes, declared: CharacterSet) -> Decoded:
    if declared.codec in ("ascii", "latin_1"):
        guessed = codec_by_shape(raw)
        if guessed is not None:
            return Decoded(raw.decode(guessed), mislabelled=True)
        # Latin-1 reads every byte: high bytes without any declaration are shown, and reported.
        return Decoded(raw.decode("latin_1"), mislabelled=declared.codec == "ascii" or not declared.known)
    if declared.codec == "gb18030" and is_utf_8_under_gb18030(raw):
        return Decoded(raw.decode("utf_8"), mislabelled=True)
    try:
        return Decoded(raw.decode(declared.codec), mislabelled=not declared.known)
    except UnicodeDecodeError:
        guessed = codec_by_shape(raw)
        return Decoded(raw.decode(guessed or declared.codec, "replace"), mislabelled=True)


def _decode_extended(raw: bytes, declared: CharacterSet, delimiters: bytes) -> Decoded:
    """Text with ISO 2022 escapes. Designations end at a delimiter or line end and start anew with value 1."""
    first = declared.codec
    g0, g1 = "ascii", first
    forgotten = _set_behind_a_forgotten_escape(declared)
    out: list[str] = []
    faults = not declared.known
    for piece, escape in _pieces(raw):
        if escape:
            found = _ESCAPES.get(escape)
            if found is None:
                faults = True
            elif found[0] == "G0":
                g0 = found[1]
            else:
                g1 = found[1]
        if g0 in ("jis_x_0208", "jis_x_0212"):
            text, clean = _decode_two_byte(piece, g0)
            out.append(text)
            faults |= not clean
            continue
        for part, ends in _split_at(piece, delimiters + _LINE_ENDS):
            text, clean = _decode_single(part, forgotten if g1 == "ascii" else g1, first)
            clean = clean and (g1 != "ascii" or part.isascii())
            out.append(text)
            faults |= not clean
            if ends:
                g0, g1 = "ascii", first
    return Decoded("".join(out), faults)


def _set_behind_a_forgotten_escape(declared: CharacterSet) -> str:
    """How high bytes are read before any escape when value 1 has none: as Chinese or Korean, if that is declared."""
    codecs = [_CODECS.get(term.replace("ISO 2022 IR", "ISO_IR")) for term in declared.terms[1:]]
    return next((codec for codec in codecs if codec in ("gb18030", "cp949")), "ascii")


def _pieces(raw: bytes) -> list[tuple[bytes, bytes]]:
    """(bytes, the escape before them) in order; an unknown escape is dropped with its three bytes."""
    parts = raw.split(b"\x1b")
    pieces = [(parts[0], b"")]
    for part in parts[1:]:
        size = 3 if part[:2] in (b"$)", b"$(") else 2
        pieces.append((part[size:], b"\x1b" + part[:size]))
    return pieces


def _split_at(piece: bytes, delimiters: bytes) -> list[tuple[bytes, bool]]:
    """Parts that keep their closing delimiter, with whether they have one. GB2312 and KS X 1001 in G1 use no byte
    below A1, so a delimiter byte is always a delimiter here."""
    parts: list[tuple[bytes, bool]] = []
    start = 0
    for index, byte in enumerate(piece):
        if byte in delimiters:
            parts.append((piece[start : index + 1], True))
            start = index + 1
    if start < len(piece):
        parts.append((piece[start:], False))
    return parts


def _decode_single(part: bytes, g1: str, first: str) -> tuple[str, bool]:
    if part.isascii():
        return part.decode("ascii"), True
    codec = g1 if g1 != "ascii" else "latin_1"
    try:
        # High bytes where only ASCII is designated: a sender that forgot its escape.
        return part.decode(codec), g1 != "ascii"
    except UnicodeDecodeError:
        guessed = codec_by_shape(part)
        return part.decode(guessed or (first if first != "ascii" else "latin_1"), "replace"), False


def _decode_two_byte(piece: bytes, g0: str) -> tuple[str, bool]:
    prefix = b"\x1b$B" if g0 == "jis_x_0208" else b"\x1b$(D"
    # Controls (CR, LF, space) may stand between two-byte characters and mean themselves.
    try:
        return (prefix + piece + b"\x1b(B").decode("iso2022_jp_2"), True
    except UnicodeDecodeError:
        return (prefix + piece + b"\x1b(B").decode("iso2022_jp_2", "replace"), False
