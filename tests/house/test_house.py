"""The project checks itself: every setting documented, every error family in every table, every route known."""

from __future__ import annotations

import json
import re
import runpy
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from isocenter.access import errors as access_errors
from isocenter.adapters.access_table import API
from isocenter.adapters.dicomweb.errors import FAILURE_REASON, HTTP_STATUS
from isocenter.adapters.dimse.status import STATUS_BY_FAMILY
from isocenter.adapters.dimse.storage_commitment_scp import N_ACTION_STATUS
from isocenter.adapters.scim.answers import SCIM_STATUS
from isocenter.adapters.web.application import build_application
from isocenter.adapters.web.errors import FAMILY_STATUS, status_of
from isocenter.apps.cli.exit_codes import FAMILY_EXIT_CODE
from isocenter.kit import errors
from isocenter.kit.errors import IsocenterError

ROOT = Path(__file__).resolve().parents[2]
FAMILIES = set(IsocenterError.__subclasses__()) & {
    errors.Invalid, errors.NotFound, errors.Conflict, errors.Refused, errors.Exhausted
}  # fmt: skip


def script(name: str) -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "scripts" / name))


def committed_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def openapi() -> dict[str, Any]:
    return build_application(None, (), None).openapi()


def test_every_setting_has_a_docstring_and_stands_in_the_manual() -> None:
    generated = script("generated_docs.py")
    for name, _default, text in generated["documented_settings"]():
        assert text, f"the setting {name} has no docstring"
    page = (ROOT / "docs" / "operations" / "settings.md").read_text(encoding="utf-8")
    assert page == generated["settings_page"](), "run `make fix`"


@pytest.mark.parametrize(
    "table",
    [
        FAMILY_STATUS,
        FAMILY_EXIT_CODE,
        STATUS_BY_FAMILY,
        N_ACTION_STATUS,
        dict(HTTP_STATUS),
        dict(FAILURE_REASON),
        dict(SCIM_STATUS),
    ],
    ids=["web", "exit codes", "dimse", "n-action", "dicomweb", "stow-rs failure reasons", "scim"],
)
def test_every_error_family_is_in_every_table(table: Mapping[type[IsocenterError], int]) -> None:
    assert set(table) >= FAMILIES


def test_every_access_error_has_a_status_and_a_reason_of_its_own() -> None:
    own = [
        each
        for each in vars(access_errors).values()
        if isinstance(each, type) and each.__module__.endswith("access.errors")
    ]
    assert len({each.reason for each in own}) == len(own)
    assert all(400 <= status_of(each("message")) < 600 for each in own)


def test_every_route_has_its_row_in_the_access_table() -> None:
    """Of this package; tests/adapters/access asks every door of the whole application."""
    found = {(method.upper(), path) for path, item in openapi()["paths"].items() for method in item}
    assert found == {(door.method, door.path) for door in API if not door.path.startswith("/scim/")}


def test_the_openapi_document_has_no_duplicates_and_describes_errors() -> None:
    document = openapi()
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    ids = [operation["operationId"] for operation in operations]
    assert len(set(ids)) == len(ids)
    assert not any("__" in name for name in document["components"]["schemas"]), "two schemas share a name"
    assert all("default" in operation["responses"] and operation["summary"] for operation in operations)
    json.dumps(document)


def test_no_committed_file_names_a_registry_or_a_path_of_this_machine() -> None:
    # Put together here, so that this file does not contain what it looks for.
    forbidden = re.compile(
        "|".join(
            (
                "pypi" + r"\.org",
                "registry\\.npm" + "js",
                "files\\.python" + "hosted",
                r"(?<![\w./])/wo" + "rk/",
                "/ro" + "ot/",
            )
        )
    )
    offenders = []
    for path in committed_files():
        if path.suffix in (".png", ".jpg", ".woff2", ".ico", ".dcm", ".wasm"):
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        offenders += [f"{path.relative_to(ROOT)}: {found.group()}" for found in forbidden.finditer(text)]
    assert offenders == []


def test_lock_files_hold_no_resolved_addresses() -> None:
    for path in committed_files():
        if path.name == "package-lock.json":
            assert '"resolved"' not in path.read_text(encoding="utf-8"), path


def test_every_package_says_what_lives_in_it() -> None:
    for path in (ROOT / "src" / "isocenter").rglob("__init__.py"):
        assert path.read_text(encoding="utf-8").startswith('"""'), path


def test_every_module_opens_with_a_docstring() -> None:
    for path in (ROOT / "src" / "isocenter").rglob("*.py"):
        if "versions" not in path.parts:
            assert path.read_text(encoding="utf-8").startswith('"""'), path


def test_the_licence_page_is_current() -> None:
    third_party = script("third_party.py")
    assert (ROOT / "THIRD_PARTY.md").read_text(encoding="utf-8") == third_party["page"](), "run `make fix`"


def test_the_floors_hold() -> None:
    linted = subprocess.run(
        [".venv/bin/lint-imports", "--no-logo"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert linted.returncode == 0, linted.stdout[-3000:]


def test_pre_commit_fetches_nothing() -> None:
    text = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert set(re.findall(r"repo: (\S+)", text)) == {"local"}
