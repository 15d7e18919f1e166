"""Guide to reading: each page is there in both languages, shows a picture, and names what proves it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "user"
PAGES = sorted(page for page in (GUIDE / "reading").glob("*.md") if ".zh-CN" not in page.name)
PICTURE = re.compile(r"!\[[^\]]+\]\(([^)]+)\)|<img src=\"([^\"]+)\"[^>]* alt=\"[^\"]+\"")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_page_is_there_in_both_languages_with_pictures_that_exist(page: Path) -> None:
    for each, index in ((page, "reading.md"), (page.with_suffix(".zh-CN.md"), "reading.zh-CN.md")):
        text = each.read_text(encoding="utf-8")
        pictures = [first or second for first, second in PICTURE.findall(text)]
        assert pictures, f"{each.name} shows nothing"
        assert [name for name in pictures if not (each.parent / name).is_file()] == []
        assert f"(reading/{each.name})" in (GUIDE / index).read_text(encoding="utf-8"), (
            f"{index} leaves {each.name} out"
        )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_page_names_its_proof(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.search(r"`tests/browser/test_\w+\.py`|`python -m bench [\w-]+`", text), f"{page.name} names no test"
