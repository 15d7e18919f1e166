"""docs/safety/hostile-world.md holds every row, each with a test or a reason; and what no single test can show."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.house.test_documents import TEST

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "safety" / "hostile-world.md"
WANTED = [f"D{n:02}" for n in range(1, 25)] + [f"Q{n:02}" for n in range(1, 60)] + [f"N{n:02}" for n in range(5, 14)]
WANTED += [f"W{n:02}" for n in range(1, 22)] + [f"F{n:02}" for n in range(1, 26)]
MARKUP_FROM_TEXT = re.compile(
    r"dangerouslySetInnerHTML|\.innerHTML|\.outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function\(|srcdoc"
)


def rows() -> list[list[str]]:
    text = PAGE.read_text(encoding="utf-8")
    return [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in text.splitlines()
        if re.match(r"\| [DQNWF]\d", line)
    ]


def ids_of(cell: str) -> list[str]:
    """ "Q01–Q07" is seven of them."""
    first, _, last = cell.partition("–")
    return [f"{first[0]}{number:02}" for number in range(int(first[1:]), int((last or first)[1:]) + 1)]


def test_every_row_is_there_once_and_in_order() -> None:
    assert [each for row in rows() for each in ids_of(row[0])] == WANTED


def test_every_row_names_a_test_or_says_why_not() -> None:
    for row in rows():
        assert len(row) == 4, row
        assert TEST.search(row[3]) or "ot in this release**" in row[2], f"{row[0]} names no test and does not say why"


def test_no_program_text_of_ours_runs_a_shell_or_evaluates_text() -> None:
    offenders = []
    for path in sorted((ROOT / "src").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                shell = any(
                    each.arg == "shell" and not (isinstance(each.value, ast.Constant) and not each.value.value)
                    for each in node.keywords
                )
                if shell or called in ("os.system", "os.popen", "eval", "exec", "subprocess.getoutput", "pickle.loads"):
                    offenders.append(f"{path.relative_to(ROOT)}:{node.lineno}: {called}")
    assert offenders == []


def test_the_web_client_builds_no_page_from_text() -> None:
    offenders = [
        f"{path.relative_to(ROOT)}: {found.group()}"
        for path in sorted((ROOT / "web" / "src").rglob("*.ts*"))
        for found in MARKUP_FROM_TEXT.finditer(path.read_text(encoding="utf-8"))
    ]
    assert offenders == []
