"""Person names: groups, components and what they are found by."""

from __future__ import annotations

from isocenter.standards.dicom.person_name import MAX_TOKENS, family_and_given, name_tokens, parse_person_name


def test_a_name_has_three_groups() -> None:
    name = parse_person_name("Hong^Gildong=洪^吉洞=홍^길동")
    assert (name.alphabetic, name.ideographic, name.phonetic) == ("Hong^Gildong", "洪^吉洞", "홍^길동")
    assert name.to_json() == {"Alphabetic": "Hong^Gildong", "Ideographic": "洪^吉洞", "Phonetic": "홍^길동"}


def test_groups_that_were_not_sent_are_left_out() -> None:
    assert parse_person_name("=洪^吉洞").to_json() == {"Ideographic": "洪^吉洞"}
    assert parse_person_name("").to_json() == {}


def test_family_and_given_are_the_first_two_components() -> None:
    assert family_and_given("Doe^Jane^M") == ("Doe", "Jane")
    assert family_and_given("Doe") == ("Doe", "")


def test_a_name_is_found_by_words_in_any_case_and_by_the_whole_ideographic_name() -> None:
    assert name_tokens("Wang^XiaoDong=王^小东") == ["wang", "xiaodong", "王小东", "王", "小东"]


def test_a_latin_word_is_found_with_and_without_its_accents() -> None:
    whole = ["müller-lüdenscheidt", "muller-ludenscheidt", "josé", "jose"]
    assert name_tokens("Müller-Lüdenscheidt^José") == [*whole, "müller", "lüdenscheidt", "muller", "ludenscheidt"]
    assert name_tokens("Buc^Jérôme") == ["buc", "jérôme", "jerome"]


def test_marks_of_other_scripts_are_letters_and_stay() -> None:
    assert name_tokens("Йорк") == ["йорк"]


def test_a_name_made_of_thousands_of_words_gives_a_bounded_number_of_tokens() -> None:
    assert len(name_tokens("^".join(f"w{number}" for number in range(5000)))) == MAX_TOKENS
