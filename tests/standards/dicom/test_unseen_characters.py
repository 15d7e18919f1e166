"""What nobody sees is marked where it is shown and passed over where it is sought."""

from __future__ import annotations

import pytest

from isocenter.index.text import fold
from isocenter.standards.dicom.attributes import index_attributes
from isocenter.standards.dicom.person_name import name_tokens
from isocenter.standards.dicom.unseen_characters import has_unseen, marked, without_unseen

UNSEEN = ["\u200b", "\u200d", "\u202e", "\u2066", "\u2069", "\ufeff", "\u00ad", "\u3164", "\U000e0041"]


@pytest.mark.parametrize("unseen", UNSEEN)
def test_an_unseen_character_is_shown_as_its_number_and_is_not_compared(unseen: str) -> None:
    name = f"Wa{unseen}ng^Li"
    assert has_unseen(name)
    assert marked(name) == f"Wa⟨U+{ord(unseen):04X}⟩ng^Li"
    assert without_unseen(name) == "Wang^Li"
    assert fold(name) == fold("Wang^Li")
    assert name_tokens(name) == ["wang", "li"]


@pytest.mark.parametrize("text", ["Wang^Li", "王^小东", "שרון", "قباني", "葛\U000e0100飾", "Åse", "a\tb\nc", "e\u0301"])
def test_what_is_seen_stays_as_it_is(text: str) -> None:
    assert (marked(text), without_unseen(text), has_unseen(text)) == (text, text, False)


def test_controls_of_a_terminal_are_marked() -> None:
    assert marked("EVIL\x1b[2J\x9b31m\r") == "EVIL⟨U+001B⟩[2J⟨U+009B⟩31m⟨U+000D⟩"


def test_a_name_with_them_leaves_a_warning() -> None:
    uids = {0x0020000D: b"1.2", 0x0020000E: b"1.3", 0x00080018: b"1.4", 0x00080016: b"1.5", 0x00100020: b"P"}
    name = "Wang\u202e^Li".encode()
    found = index_attributes(uids | {0x00080005: b"ISO_IR 192", 0x00100010: name}, big_endian=False)
    assert found.patient_name == "Wang\u202e^Li"
    assert found.warnings == ("patient-name-has-unseen-characters",)
