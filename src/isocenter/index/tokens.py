"""What a study is found by: words of the name, its pinyin and initials, how it sounds, words of the description.

Kinds in study_token: n words of the name as sent, y Chinese readings, p sounds, d description. Whoever changes the
patient's name or the description of a study calls `retokenise_study` in the same transaction.
"""

from __future__ import annotations

import re
import unicodedata

from isocenter.index.text import clean
from isocenter.kit.database import Connection, current_institution
from isocenter.standards.dicom.name_readings import reading_tokens
from isocenter.standards.dicom.name_sounds import sound_of
from isocenter.standards.dicom.person_name import name_tokens, without_accents
from isocenter.standards.dicom.unseen_characters import without_unseen

TOKEN_RULES = 2
"""Goes up when the tokens below change, with the index study_to_tokenise; the worker then makes older studies' anew."""
MAX_DESCRIPTION_TOKENS = 64
MAX_SOUNDS = 8
MAX_READINGS = 24
# An index entry holds about 2700 bytes, and folding can make text much longer (one Arabic ligature becomes 18 letters).
MAX_TOKEN = 128
# Chinese and Japanese put no spaces between words, and none between a word and CT or MRI.
_UNSPACED = "[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd々〇]"
_UNSPACED_RUN = re.compile(f"{_UNSPACED}+")
_PARTS = re.compile(rf"{_UNSPACED}+|(?:(?!{_UNSPACED})[^\W_])+")
_WORDS_OF_RULES_1 = re.compile(r"\w+")
_KINDS = ["n", "y", "p", "d"]


def study_tokens(patient_name: str | None, study_description: str | None) -> list[tuple[str, str]]:
    """(kind, token) of everything that a study is found by, without doubles."""
    name = without_unseen(clean(patient_name) or "")
    words = name_tokens(name)
    readings = [token for token in reading_tokens(name)[:MAX_READINGS] if token not in words]
    sounds = dict.fromkeys(sound for word in words[:MAX_SOUNDS] if (sound := sound_of(word)))
    tokens = [("n", token) for token in words] + [("y", token) for token in readings]
    tokens += [("p", token) for token in sounds]
    tokens += [("d", token) for token in description_tokens(study_description)]
    return list(dict.fromkeys((kind, token[:MAX_TOKEN]) for kind, token in tokens))


def plain_words(text: str | None) -> list[str]:
    """Words as descriptions are found by them: casefolded, of one script each, without punctuation and accents.

    "T2_TSE-Schädel" gives t2, tse, schadel; 胸部CT平扫 gives 胸部, ct, 平扫.
    """
    folded = unicodedata.normalize("NFKC", without_unseen(clean(text) or "")).casefold()
    return [without_accents(word) for word in _PARTS.findall(folded)]


def description_tokens(text: str | None) -> list[str]:
    """Words of a description, of which a study is found by the beginning; of Chinese and Japanese, by any part.

    平扫 gives 平扫 and 扫.
    """
    tokens: dict[str, None] = {}
    for word in plain_words(text):
        beginnings = len(word) if _UNSPACED_RUN.fullmatch(word) else 1
        tokens |= dict.fromkeys(word[start:] for start in range(min(beginnings, MAX_DESCRIPTION_TOKENS)))
        if len(tokens) >= MAX_DESCRIPTION_TOKENS:
            break
    return list(tokens)[:MAX_DESCRIPTION_TOKENS]


def insert_tokens(
    connection: Connection, institution_id: int, study_id: int, patient_name: str | None, study_description: str | None
) -> None:
    """Write the tokens of a study that has none."""
    tokens = study_tokens(patient_name, study_description)
    if tokens:
        connection.execute(
            """
            INSERT INTO study_token (institution_id, study_id, kind, token)
            SELECT %s, %s, kind, token FROM unnest(%s::"char"[], %s::text[]) AS t (kind, token) ON CONFLICT DO NOTHING
            """,
            [institution_id, study_id, [kind for kind, _ in tokens], [token for _, token in tokens]],
        )


def retokenise_study(connection: Connection, study_id: int, was: tuple[str | None, str | None] | None = None) -> bool:
    """Make the tokens of a study anew from its present name and description; False when there is no such study.

    was: (patient_name, study_description) before the change; the old tokens are then found by what they were made of.
    Without it every token of the institution is looked at (no index leads by study): a second when there are millions.
    """
    row = connection.execute(
        "SELECT patient_name, study_description, token_rules FROM study WHERE study_id = %s FOR UPDATE", [study_id]
    ).fetchone()
    if row is None:
        return False
    if was is not None and row[2] == TOKEN_RULES:
        _delete(connection, study_id, [token for _, token in study_tokens(*was)])
    else:
        connection.execute("DELETE FROM study_token WHERE study_id = %s", [study_id])
    _write(connection, study_id, row[0], row[1])
    return True


def retokenise_batch(connection: Connection, limit: int = 100) -> int:
    """Make the tokens of some studies of older rules anew; returns how many, 0 when none are left.

    Their old tokens are found by what they were made of: no index leads by study.
    """
    rows = connection.execute(
        """
        SELECT study_id, patient_name, study_description FROM study WHERE token_rules < 2
        ORDER BY study_id LIMIT %s FOR UPDATE SKIP LOCKED
        """,
        [limit],
    ).fetchall()
    for study_id, name, description in rows:
        texts = [None if text is None else str(text) for text in (name, description)]
        old = [*_description_tokens_of_rules_1(texts[1]), *(token for _, token in study_tokens(*texts))]
        _delete(connection, int(str(study_id)), old)
        _write(connection, int(str(study_id)), name, description)
    return len(rows)


def _description_tokens_of_rules_1(text: str | None) -> list[str]:
    """Those of rules 0 too. Of names they had nothing that there is not today."""
    words = _WORDS_OF_RULES_1.findall(without_unseen(clean(text) or "").casefold())
    return [word[:MAX_TOKEN] for word in dict.fromkeys(words)]


def _delete(connection: Connection, study_id: int, tokens: list[str]) -> None:
    # Whole keys: a common word alone would have all its studies looked at.
    connection.execute(
        'DELETE FROM study_token WHERE token = ANY (%s) AND kind = ANY (%s::"char"[]) AND study_id = %s',
        [list(dict.fromkeys(tokens)), _KINDS, study_id],
    )


def _write(connection: Connection, study_id: int, name: object, description: object) -> None:
    texts = [None if text is None else str(text) for text in (name, description)]
    insert_tokens(connection, current_institution(connection), study_id, *texts)
    connection.execute("UPDATE study SET token_rules = %s WHERE study_id = %s", [TOKEN_RULES, study_id])
