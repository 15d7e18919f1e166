"""Where results go: bench/results with what is needed to repeat them, and marked parts of docs/performance.md."""

from __future__ import annotations

import json
import os
import platform
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench.servers import versions

RESULTS = Path(__file__).parent / "results"
PAGE = Path(__file__).parents[1] / "docs" / "performance.md"


def circumstances() -> dict[str, object]:
    """Date, machine, versions and command of this run."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": "python -m bench " + " ".join(sys.argv[1:]),
        "machine": f"{os.cpu_count()} cores, {memory / 2**30:.0f} GiB, Linux {platform.release().split('-')[0]}",
        "load_average": os.getloadavg()[0],
        "versions": {"Isocenter": version("isocenter"), "Python": platform.python_version(), **versions()},
    }


def save(name: str, results: Mapping[str, object], fragment: str, *, into_docs: bool) -> Path:
    """Write bench/results/NAME.json and NAME.md; with into_docs also the part of docs/performance.md of that name."""
    about = circumstances()
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps({**about, **results}, indent=1, ensure_ascii=False) + "\n")
    text = fragment + "\n" + _footnote(about)
    (RESULTS / f"{name}.md").write_text(text)
    if into_docs:
        _replace(name, text)
    return path


def _footnote(about: Mapping[str, object]) -> str:
    known = about["versions"]
    assert isinstance(known, dict)
    said = ", ".join(f"{name} {number}" for name, number in known.items())
    return f"{str(about['at'])[:16].replace('T', ' ')} UTC, `{about['command']}`, {about['machine']}; {said}.\n"


def _replace(name: str, text: str) -> None:
    page = PAGE.read_text()
    pattern = re.compile(rf"(<!-- bench:{name} -->\n).*?(<!-- /bench -->)", re.S)
    if not pattern.search(page):
        raise LookupError(f"{PAGE.name} has no part <!-- bench:{name} -->")
    PAGE.write_text(pattern.sub(lambda match: match[1] + text + match[2], page))
