"""What a study is found by: words of the name, its pinyin and initials, how it sounds, words of the description.

Kinds in study_token: n words of the name as sent, y Chinese readings, p sounds, d description. Whoever changes the
patient's name or the description of a study calls `retokenise_study` in the same transaction.
"""

from __future__ import annotations

import re

from isocenter.index.text import clean
from isocenter.kit.database import Connection, current_institution
from isocenter.standards.dicom.name_readings import reading_tokens
from isocenter.standards.dicom.name_sounds import sound_of
from isocenter.standards.dicom.person_name import name_tokens
from isocenter.standards.dicom.unseen_characters import without_unseen

TOKEN_RULES = 1
"""Goes up when the tokens below change; the worker then makes those of older studies anew."""
MAX_DESCRIPTION_TOKENS = 16
MAX_SOUNDS = 8
MAX_READINGS = 24
# An index entry holds about 2700 bytes, and folding can make text much longer (one Arabic ligature becomes 18 letters).
MAX_TOKEN = 128
_WORDS = re.compile(r"\w+")


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


def description_tokens(text: str | None) -> list[str]:
    """Words of a description that a study is found by."""
    return list(dict.fromkeys(_WORDS.findall(without_unseen(clean(text) or "").casefold())))[:MAX_DESCRIPTION_TOKENS]


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
        old = [token for _, token in study_tokens(*was)]
        connection.execute("DELETE FROM study_token WHERE token = ANY (%s) AND study_id = %s", [old, study_id])
    else:
        connection.execute("DELETE FROM study_token WHERE study_id = %s", [study_id])
    _write(connection, study_id, row[0], row[1])
    return True


def retokenise_batch(connection: Connection, limit: int = 100) -> int:
    """Write what is missing of the tokens of some studies of older rules; returns how many, 0 when none are left.

    Rules 0 had words of name and description only, made as today: nothing has to go.
    """
    rows = connection.execute(
        """
        SELECT study_id, patient_name, study_description FROM study WHERE token_rules < 1
        ORDER BY study_id LIMIT %s FOR UPDATE SKIP LOCKED
        """,
        [limit],
    ).fetchall()
    for study_id, name, description in rows:
        _write(connection, int(str(study_id)), name, description)
    return len(rows)


def _write(connection: Connection, study_id: int, name: object, description: object) -> None:
    texts = [None if text is None else str(text) for text in (name, description)]
    insert_tokens(connection, current_institution(connection), study_id, *texts)
    connection.execute("UPDATE study SET token_rules = %s WHERE study_id = %s", [TOKEN_RULES, study_id])
