"""The documents check themselves: links, tests, paths and commands that they name exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup
from typer.main import get_command

from isocenter.apps.cli.commands import app

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")])
HAZARDS = ROOT / "docs" / "safety" / "hazards.md"
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?:`|^\$ |^)isocenter ([a-z]+(?:-[a-z]+)*(?: [a-z]+(?:-[a-z]+)*)?)", re.MULTILINE)
TEST = re.compile(r"`((?:tests|web)/[\w/.-]+\.(?:py|tsx?))::([^`]+)`")


def test_every_relative_link_leads_somewhere() -> None:
    broken = []
    for document in DOCUMENTS:
        for target in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", text_of(document))):
            path = target.partition("#")[0]
            if path and not re.match(r"[a-z]+:", target) and not (document.parent / path).exists():
                broken.append(f"{document.relative_to(ROOT)}: {target}")
    assert broken == []


def test_every_test_that_a_document_names_exists() -> None:
    missing = []
    for document in DOCUMENTS:
        for path, name in TEST.findall(text_of(document)):
            file = ROOT / path
            if not file.is_file() or not holds_test(file.read_text(encoding="utf-8"), name):
                missing.append(f"{document.relative_to(ROOT)}: {path}::{name}")
    assert missing == []


def test_every_hazard_names_a_test_or_says_that_it_is_open() -> None:
    rows = [line.split("|")[1:-1] for line in text_of(HAZARDS).splitlines() if re.match(r"\| H\d+ ", line)]
    assert len(rows) >= 15
    assert [row[0].strip() for row in rows] == [f"H{number}" for number in range(1, len(rows) + 1)]
    for row in rows:
        assert len(row) == 5, row
        assert TEST.search(row[4]) or "**open" in row[4], f"{row[0].strip()} names no test and does not say so"


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.name)
def test_every_decision_has_its_parts(page: Path) -> None:
    for part in ("Context", "Decision", "Consequences"):
        assert f"**{part}.**" in text_of(page), f"{page.name} has no {part}"


def test_the_architecture_names_what_exists() -> None:
    page = FENCE.sub("", text_of(ROOT / "docs" / "architecture.md"))
    named = {name for name in re.findall(r"`([\w./-]+)`", page) if "/" in name and not name.startswith("/")}
    places = (ROOT, ROOT / "docs", ROOT / "src" / "isocenter")
    assert [name for name in sorted(named) if not any((place / name).exists() for place in places)] == []


def test_every_command_that_a_document_names_exists() -> None:
    commands = set(command_paths(get_command(app), ()))
    groups = {path[:-1] for path in commands if len(path) > 1}
    unknown = []
    for document in DOCUMENTS:
        for line in COMMAND.findall(text_of(document)):
            words = tuple(line.split())
            if words not in commands and (words[:1] not in commands or words[:1] in groups):
                unknown.append(f"{document.relative_to(ROOT)}: isocenter {line}")
    assert unknown == []


def test_every_command_is_described_in_the_manual() -> None:
    manual = text_of(ROOT / "docs" / "user" / "command-line.md")
    missing = [
        " ".join(path) for path in command_paths(get_command(app), ()) if f"isocenter {' '.join(path)}" not in manual
    ]
    assert missing == []


def text_of(document: Path) -> str:
    return document.read_text(encoding="utf-8")


def holds_test(text: str, name: str) -> bool:
    """Whether a Python or TypeScript test of that name is in the text."""
    return re.search(rf"def {re.escape(name)}\b", text) is not None or f"'{name}'" in text or f'"{name}"' in text


def command_paths(command: object, above: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The words of every command below one, groups left out."""
    if not isinstance(command, TyperGroup):
        return [above]
    context = typer.Context(command)
    inside = {name: command.get_command(context, name) for name in command.list_commands(context)}
    return [path for name, each in inside.items() for path in command_paths(each, (*above, name))]
