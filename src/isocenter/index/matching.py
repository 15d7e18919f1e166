"""Attribute matching of PS3.4 C.2.2.2 as conditions that PostgreSQL's indexes can serve under row-level security.

Only `=`, `<`, `>=` on text reach an index there, so every wildcard also becomes a range over its literal beginning.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from isocenter.index.text import clean
from isocenter.index.tokens import MAX_TOKEN, plain_words
from isocenter.kit.database import Connection
from isocenter.kit.errors import Invalid
from isocenter.standards.dicom.name_readings import is_han, pinyin_of
from isocenter.standards.dicom.name_sounds import sound_of
from isocenter.standards.dicom.unseen_characters import without_unseen

MAX_PATTERN = 512
MAX_WORDS = 8
COMMON = 1000
"""A word or modality of more studies than this is no help in finding a few of them."""
LAST_CHARACTER = "\U0010ffff"
_WILDCARDS = re.compile(r"[*?]")
_WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")
_DATE_RANGE = re.compile(r"(?P<single>\d{8})|(?P<first>\d{8})?-(?P<last>\d{8})?")
_TIME_RANGE = re.compile(r"(?P<first>[0-9.:]{0,15})(?P<range>-)?(?P<last>[0-9.:]{0,15})")


class InvalidQuery(Invalid):
    """A value that cannot be matched by: a date that is none, a pattern that is too long."""

    reason = "invalid-query"


@dataclass(slots=True)
class Conditions:
    """Conditions joined by AND, with their parameters in order. Fragments are ours, values only ever parameters.

    narrowings: places among the clauses of what an index may begin with: a query of ours for numbers of studies, and
    whether another condition implies it. `forget_common` sees to it that none begins with too much.
    """

    parts: list[tuple[str, tuple[object, ...]]] = field(default_factory=list)
    narrowings: dict[int, tuple[str, bool]] = field(default_factory=dict)

    @property
    def clauses(self) -> list[str]:
        """The conditions as SQL, one by one."""
        return [clause for clause, _ in self.parts]

    @property
    def parameters(self) -> list[object]:
        """The parameters of all conditions, in order."""
        return [parameter for _, parameters in self.parts for parameter in parameters]

    def add(self, clause: str, *parameters: object) -> None:
        """One more condition."""
        self.parts.append((clause, parameters))

    def narrow(self, chosen: str, *parameters: object, implied: bool) -> None:
        """Studies that a query of ours gives the numbers of. implied: another condition says the same."""
        self.narrowings[len(self.parts)] = (chosen, implied)
        self.add(f"s.study_id IN ({chosen})", *parameters)

    def extend(self, other: Conditions, wrapping: str = "{}") -> None:
        """The conditions of another, put into a fragment of ours at {}."""
        if wrapping == "{}":
            for at, narrowing in other.narrowings.items():
                self.narrowings[len(self.parts) + at] = narrowing
            self.parts.extend(other.parts)
        elif other.parts:
            self.add(wrapping.format(other.sql()), *other.parameters)

    def sql(self) -> str:
        """The conditions as SQL; true when there are none."""
        return " AND ".join(self.clauses) or "true"


def forget_common(connection: Connection, conditions: Conditions) -> bool:
    """Let an index begin with the studies that the rare narrowings have in common, and with none of more than COMMON.

    PostgreSQL guesses badly how many studies a word has, and would gather and sort a tenth of an archive to show fifty
    studies; in order of date the first fifty of a common name are found at once. The studies of rare narrowings become
    a list. A common narrowing that nothing implies stays a condition, on which each study is looked up in passing (a
    hashed list, because of the coalesce). Returns whether there is such a list: then one plan serves all searches.
    """
    if not conditions.narrowings:
        return False
    found = _first_of_each(connection, conditions)
    few = [frozenset(studies) for studies in found.values() if len(studies) <= COMMON]
    parts = []
    for at, part in enumerate(conditions.parts):
        chosen, implied = conditions.narrowings.get(at, ("", False))
        if not chosen:
            parts.append(part)
        elif len(found[at]) > COMMON and not implied:
            parts.append((f"coalesce(s.study_id IN ({chosen}), false)", part[1]))
    conditions.parts, conditions.narrowings = parts, {}
    if few:
        conditions.add("s.study_id = ANY (%s)", sorted(frozenset.intersection(*few)))
    return bool(few)


def _first_of_each(connection: Connection, conditions: Conditions) -> dict[int, list[int]]:
    """The studies of each narrowing, up to one more than COMMON: each is a walk along an index that stops."""
    lists = ", ".join(
        f"(SELECT array_agg(c{at}.study_id) FROM ({chosen} LIMIT {COMMON + 1}) c{at})"  # noqa: S608 - fragments are ours
        for at, (chosen, _) in conditions.narrowings.items()
    )
    parameters = [value for at in conditions.narrowings for value in conditions.parts[at][1]]
    # One plan serves all words.
    row = connection.execute(f"SELECT {lists}".encode(), parameters, prepare=True, binary=True).fetchone()
    assert row is not None
    return {
        at: list(studies) if isinstance(studies, list) else []
        for at, studies in zip(conditions.narrowings, row, strict=True)
    }


def match_text(conditions: Conditions, column: str, pattern: str | None) -> None:
    """Single value or wildcard matching (C.2.2.2.1, C.2.2.2.4), case sensitive; None or "*" matches everything."""
    pattern = _checked(pattern)
    if pattern is None:
        return
    if not _WILDCARDS.search(pattern):
        conditions.add(f"{column} = %s", pattern)
        return
    begins_with(conditions, column, _WILDCARDS.split(pattern, maxsplit=1)[0])
    conditions.add(f"{column} ~ %s", f"^{_regular_expression(pattern, '.')}$")


def match_folded(conditions: Conditions, column: str, pattern: str | None) -> None:
    """Like match_text without regard to case; for columns that are filtered, not searched by."""
    pattern = _checked(pattern)
    if pattern is not None:
        conditions.add(f"{column} ~* %s", f"^{_regular_expression(pattern, '.')}$")


def match_name(conditions: Conditions, pattern: str | None) -> None:
    """A person name (C.2.2.2.1): without regard to case, against each group, component by component.

    Components that the pattern leaves out match everything: DOE finds Doe^Jane, and so do DO* and DOE^J*. A wildcard
    may reach over components: *JANE*. The words it is sure to hold are looked up among the tokens of names first.
    """
    pattern = _checked(pattern)
    if pattern is None:
        return
    folded = _folded(pattern).rstrip("^= ")
    # The words may stand for the whole pattern only when nothing else is in it: else they are what is rare about it.
    only_words = not re.search(r"[*?](?!$|\^)", folded) and not re.search(r"(^|\^)[*?]+[^^]", folded)
    for word, whole in _sure_words(folded):
        token = Conditions()
        token.add("t.kind = 'n'")
        if whole:
            token.add("t.token = %s", word)
        else:
            begins_with(token, "t.token", word)
        chosen = f"SELECT t.study_id FROM study_token t WHERE {token.sql()}"  # noqa: S608 - fragments are ours
        if only_words:
            conditions.narrow(chosen, *token.parameters, implied=True)
        else:
            conditions.add(f"s.study_id IN ({chosen})", *token.parameters)
    components = [_regular_expression(part.strip(), "[^=]") if part else "[^=^]*" for part in folded.split("^")]
    # PostgreSQL takes every pattern for a rare one; inside coalesce it takes it for half of the rows: it walks by date.
    clause = "coalesce(s.sort_name ~ %s, false)" if only_words else "s.sort_name ~ %s"
    conditions.add(clause, "(^|=)" + r"\^".join(components) + r"(\^[^=]*)?(=|$)")


def match_name_words(conditions: Conditions, text: str | None) -> None:
    """Words, each of which some part of the name, its pinyin or its initials begin with, in any order."""
    for raw in _pieces(text):
        sources = _tokens_beginning(raw, "('n', 'y')")
        if sources.parts:
            conditions.narrow(" UNION ALL ".join(sources.clauses), *sources.parameters, implied=False)


def match_fuzzy_name(conditions: Conditions, pattern: str | None) -> None:
    """Fuzzy semantic matching of a name (C.2.2.2.1.1): always finds what literal matching finds, and more.

    Every word that the pattern is sure of begins a word of the name in any of its groups, its pinyin or its initials,
    or sounds like one; Chinese words also match others that are read alike.
    """
    words = _sure_words(_folded(_checked(pattern) or "").rstrip("^= "))
    if not words:
        match_name(conditions, pattern)
    for word, whole in words:
        ways = _name_beginning(word)
        if is_han(word) and (reading := pinyin_of(word)):
            ways.extend(_name_beginning(reading))
        if whole and (sound := sound_of(word)):
            ways.add("t.kind = 'p' AND t.token = %s", sound)
        either = " UNION ALL ".join(f"SELECT t.study_id FROM study_token t WHERE {clause}" for clause in ways.clauses)  # noqa: S608
        conditions.narrow(either, *ways.parameters, implied=False)


def _name_beginning(word: str) -> Conditions:
    """A word of the name, or of its pinyin or initials, begins so."""
    token, conditions = Conditions(), Conditions()
    token.add("t.kind IN ('n', 'y')")
    begins_with(token, "t.token", word)
    conditions.add(token.sql(), *token.parameters)
    return conditions


def match_anything(conditions: Conditions, text: str | None) -> None:
    """Words, each of which begins some word of name or description, the Patient ID or the accession number.

    A word is cut at punctuation as descriptions are: CT-Thorax finds "CT Thorax" and "THORAX_CT".
    """
    for raw in _pieces(text):
        sources = _tokens_beginning(raw, "('n', 'y', 'd')")
        for column in ("patient_id", "accession_number"):
            for spelling in dict.fromkeys((raw, raw.upper())):
                one = Conditions()
                begins_with(one, f"i.{column}", spelling)
                sources.extend(one, "SELECT i.study_id FROM study i WHERE {}")
        conditions.narrow(" UNION ALL ".join(sources.clauses), *sources.parameters, implied=False)


def _pieces(text: str | None) -> list[str]:
    """What stands between spaces. Punctuation alone is no word, unless there is nothing else."""
    every = (_checked(text) or "").split()
    return ([piece for piece in every if plain_words(piece)] or every)[:MAX_WORDS]


def _tokens_beginning(raw: str, kinds: str) -> Conditions:
    """Queries for studies with tokens that begin with all words of one piece, or with a hyphenated word as it is."""
    plain = [word[:MAX_TOKEN] for word in plain_words(raw)[:MAX_WORDS]]
    whole = _words(raw)
    sources = Conditions()
    # The longest is the rarest.
    for words in (sorted(plain, key=len, reverse=True), whole if len(whole) == 1 and whole != plain else []):
        if not words:
            continue
        first = Conditions()
        first.add(f"t.kind IN {kinds}")
        begins_with(first, "t.token", words[0])
        for word in words[1:]:
            another = Conditions()
            another.add(f"u.kind IN {kinds}")
            begins_with(another, "u.token", word)
            first.extend(another, "t.study_id IN (SELECT u.study_id FROM study_token u WHERE {})")
        sources.extend(first, "SELECT t.study_id FROM study_token t WHERE {}")
    return sources


def match_dates(conditions: Conditions, column: str, value: str | None) -> None:
    """A date or a range of dates (C.2.2.2.5): 20240101, 20240101-20241231, 20240101-, -20241231."""
    if not value or value == "-":
        return
    found = _DATE_RANGE.fullmatch(value.strip())
    if found is None:
        raise InvalidQuery("A date is YYYYMMDD or a range YYYYMMDD-YYYYMMDD, open at either end.")
    if found["single"]:
        conditions.add(f"{column} = %s", found["single"])
        return
    conditions.add(f"{column} >= %s", found["first"] or "0")
    if found["last"]:
        conditions.add(f"{column} <= %s", found["last"])


def match_times(conditions: Conditions, column: str, value: str | None) -> None:
    """A time or a range of times; one given to the hour or minute stands for all of it."""
    if not value or value == "-":
        return
    first, beyond = time_bounds(value)
    conditions.add(f"{column} >= %s", first)
    if beyond is not None:
        conditions.add(f"{column} < %s", beyond)


def time_bounds(value: str) -> tuple[str, str | None]:
    """(first, just beyond the last) of a time or range of times, as text that compares. Raises InvalidQuery."""
    found = _TIME_RANGE.fullmatch(value.strip())
    if found is None:
        raise InvalidQuery("A time is HHMMSS or a beginning of it, or a range of two.")
    first, last = found["first"].replace(":", ""), found["last"].replace(":", "")
    upper = last if found["range"] else first
    return first or "0", upper + "~" if upper else None


def date_bounds(value: str) -> tuple[str | None, str | None]:
    """(first, last) of a date or range of dates, None where it is open. Raises InvalidQuery."""
    found = _DATE_RANGE.fullmatch(value.strip())
    if found is None and value.strip() != "-":
        raise InvalidQuery("A date is YYYYMMDD or a range YYYYMMDD-YYYYMMDD, open at either end.")
    if found is None:
        return None, None
    return found["single"] or found["first"], found["single"] or found["last"]


def wildcard_matches(pattern: str, text: str) -> bool:
    """Wildcard matching with * and ? (PS3.4 C.2.2.2.4), in time that no pattern can drive up."""
    at_pattern = at_text = 0
    star, resume = -1, 0
    while at_text < len(text):
        if at_pattern < len(pattern) and pattern[at_pattern] == "*":
            star, resume = at_pattern, at_text
            at_pattern += 1
        elif at_pattern < len(pattern) and pattern[at_pattern] in ("?", text[at_text]):
            at_pattern, at_text = at_pattern + 1, at_text + 1
        elif star >= 0:
            resume += 1
            at_pattern, at_text = star + 1, resume
        else:
            return False
    return not pattern[at_pattern:].strip("*")


def match_any(conditions: Conditions, column: str, values: Sequence[str]) -> None:
    """A list of UIDs or codes, any of which matches (C.2.2.2.2); an empty list matches everything."""
    if len(values) == 1:  # a plan for any list expects ten
        conditions.add(f"{column} = %s", clean(values[0]))
    elif values:
        conditions.add(f"{column} = ANY (%s)", [clean(value) for value in values])


def begins_with(conditions: Conditions, column: str, beginning: str) -> None:
    """The column begins with this text; everything begins with none."""
    if beginning:
        conditions.add(f"{column} >= %s AND {column} < %s", beginning, beginning + LAST_CHARACTER)


def _checked(pattern: str | None) -> str | None:
    """The pattern without what cannot be stored; None when it matches everything."""
    if pattern is None or not pattern.strip("* "):
        return None
    if len(pattern) > MAX_PATTERN:
        raise InvalidQuery("The value to match is too long.", limit_characters=MAX_PATTERN)
    return re.sub(r"\*+", "*", clean(pattern).strip(" "))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", without_unseen(clean(text))).casefold()


def _words(text: str | None) -> list[str]:
    return [word[:MAX_TOKEN] for word in _WORD.findall(_folded(text or ""))[:MAX_WORDS]]


def _sure_words(folded: str) -> list[tuple[str, bool]]:
    """Words that any matching name must hold: (word, whether it is the whole word or its beginning)."""
    sure = []
    for piece in re.split(r"[\s^=,.]+", folded):
        literal = _WILDCARDS.split(piece, maxsplit=1)[0]
        words = _WORD.findall(literal)
        whole = literal == piece
        # Only a piece that is one plain word has the boundaries that tokens were cut at.
        if len(words) == 1 and (words[0] == literal or (not whole and literal.startswith(words[0]))):
            sure.append((words[0][:MAX_TOKEN], whole))
    return sure[:MAX_WORDS]


def _regular_expression(pattern: str, any_character: str) -> str:
    pieces = []
    for character in pattern:
        if character == "*":
            pieces.append(any_character + "*")
        elif character == "?":
            pieces.append(any_character)
        elif character.isalnum() or not character.isascii():
            pieces.append(character)
        else:
            pieces.append("\\" + character)
    return "".join(pieces)
