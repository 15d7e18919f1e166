"""What the commands print cannot command the terminal, nor show one name as another."""

from __future__ import annotations

import io

from rich.table import Table

from isocenter.apps.cli.terminal import InertConsole

HOSTILE = "EVIL\x1b[2J\x1b]0;title\x07\u202egpj.exe\u200b\r"
SHOWN = "EVIL⟨U+001B⟩[2J⟨U+001B⟩]0;title⟨U+0007⟩⟨U+202E⟩gpj.exe⟨U+200B⟩⟨U+000D⟩"


def printed(what: object, **options: bool) -> str:
    console = InertConsole(file=io.StringIO(), highlight=False, soft_wrap=True, width=200)
    console.print(what, **options)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_hostile_line_is_printed_marked() -> None:
    assert printed(HOSTILE, markup=False) == SHOWN + "\n"


def test_a_hostile_cell_of_a_table_is_printed_marked() -> None:
    table = Table("AE title")
    table.add_row(HOSTILE.replace("[", "\\["))
    shown = printed(table)
    assert SHOWN in shown.replace("\\", "")
    assert "\x1b" not in shown and "\u202e" not in shown
