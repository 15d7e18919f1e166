"""Write the documents that are generated from the code; with --check, fail when one is not current."""

from __future__ import annotations

import ast
import runpy
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = ROOT / "src" / "isocenter" / "kit" / "settings.py"
HEAD = """# Settings

Generated from `src/isocenter/kit/settings.py` by `make fix`; do not edit.

Every setting is read from the environment once, when a process starts. Times are written `30s`, `5m`, `12h`, `7d`;
bytes may end in `KiB`, `MiB`, `GiB`, `TiB`; networks are separated by commas. A name that begins with `ISOCENTER_` and
is not listed here is refused.

| name | default | meaning |
|---|---|---|
"""
DEFAULT_HOME = "`/var/lib/isocenter` for root, else `$XDG_DATA_HOME/isocenter`; `make run` uses `isocenter-demo` there"


def documented_settings() -> list[tuple[str, str, str | None]]:
    """Name, default as written in the code, docstring of every field of Settings."""
    tree = ast.parse(SETTINGS.read_text(encoding="utf-8"))
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Settings")
    found = []
    for node, following in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            text = None
            if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
                text = str(following.value.value)
            found.append((node.target.id, "" if node.value is None else _default(node.value), text))
    return found


def _default(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        keyword = node.keywords[0]
        if keyword.arg == "default":
            return _default(keyword.value)
        assert isinstance(keyword.value, ast.Constant)
        return f"`{keyword.value.value}{str(keyword.arg)[0]}`"
    if isinstance(node, ast.Name) and node.id == "LOOPBACK":
        return "`127.0.0.0/8,::1/128`"
    if isinstance(node, ast.BinOp):
        return f"`{ast.unparse(node).replace(' * ', ' ').replace('GIB', 'GiB').replace('MIB', 'MiB').replace(' ', '')}`"
    value = ast.literal_eval(node)
    return "" if value in (None, ()) else f"`{value}`"


def settings_page() -> str:
    """docs/operations/settings.md."""
    rows = []
    for name, default, text in documented_settings():
        shown = DEFAULT_HOME if name == "home" else default
        rows.append(f"| `ISOCENTER_{name.upper()}` | {shown} | {' '.join((text or '').split())} |")
    return HEAD + "\n".join(rows) + "\n"


def conformance_page() -> str:
    """docs/conformance/dicom.md."""
    return str(runpy.run_path(str(ROOT / "scripts" / "conformance.py"))["conformance_page"]())


ACCESS_HEAD = """# Who may do what

Generated from `src/isocenter/access/roles.py` and `src/isocenter/adapters/access_table.py` by `make fix`; do not edit.

`tests/adapters/access` asks every door as every role, as a stranger of another hospital and as nobody, and
`tests/adapters/dimse/test_many_institutions.py` does so with the services of DICOM. A new route, resource or service
without a row fails them, and so does a row that is not true. Whoever belongs to another hospital gets the same answer
for what is there and for what is nowhere.
"""


def access_page() -> str:
    """docs/safety/access-table.md."""
    from isocenter.access.roles import RIGHTS, Right, Role
    from isocenter.adapters.access_table import API, DICOMWEB, DIMSE, Door

    roles = [role for role in Role if role is not Role.SYSTEM]
    lines = [ACCESS_HEAD, "## Roles and rights\n", "| right | roles |", "|---|---|"]
    for right in Right:
        holders = ", ".join(f"`{role}`" for role in roles if right in RIGHTS[role])
        lines.append(f"| `{right}` | {holders} |")

    def asked(door: Door) -> str:
        return " or ".join(f"`{right}`" for right in sorted(door.rights)) or str(door.asks)

    for title, doors in (("HTTP", API), ("DICOMweb", DICOMWEB), ("DIMSE", DIMSE)):
        lines += [f"\n## {title}\n", "| door | asks |", "|---|---|"]
        lines += [f"| `{door.method} {door.path}` | {asked(door)} |" for door in doors]
    return "\n".join(lines) + "\n"


PAGES = {
    ROOT / "docs" / "safety" / "access-table.md": access_page,
    ROOT / "docs" / "conformance" / "dicom.md": conformance_page,
    ROOT / "docs" / "operations" / "settings.md": settings_page,
}


def main(arguments: list[str]) -> int:
    """Write all pages, or only compare."""
    stale = []
    for path, page in PAGES.items():
        text = page()
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            stale.append(path)
            if "--check" not in arguments:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
    if stale and "--check" in arguments:
        names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
        sys.stderr.write(f"Not current: {names}. Run `make fix`.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
