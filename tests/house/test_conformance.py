"""The conformance statement says what is registered: every service, SOP class, resource and parameter."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any, cast
from unittest.mock import MagicMock

import pytest

from isocenter.adapters.dicomweb.search_parameters import search_parameters
from isocenter.adapters.peers import query_retrieve as query_retrieve_source
from isocenter.apps import listener
from isocenter.delivery.rendering import rendering_of
from isocenter.kit.settings import Settings
from isocenter.standards.dicom.query_retrieve import INFORMATION_MODELS
from isocenter.standards.dicom.storage_commitment import STORAGE_COMMITMENT_PUSH_MODEL

ROOT = Path(__file__).resolve().parents[2]
STATEMENT = (ROOT / "docs" / "conformance" / "dicom.md").read_text(encoding="utf-8")
SERVICES = {  # what the overview calls the services that the listener registers
    "StorageScp": "| Storage (C-STORE) | SCP |",
    "VerificationScp": "| Verification (C-ECHO) | SCP |",
    "StorageCommitmentScp": "| Storage Commitment, push model | SCP |",
    "FindScp": "| Query/Retrieve (C-FIND, C-GET, C-MOVE) | SCP |",
    "GetScp": "| Query/Retrieve (C-FIND, C-GET, C-MOVE) | SCP |",
    "MoveScp": "| Query/Retrieve (C-FIND, C-GET, C-MOVE) | SCP |",
}


def test_the_statement_is_current() -> None:
    generated = runpy.run_path(str(ROOT / "scripts" / "conformance.py"))["conformance_page"]()
    assert generated == STATEMENT, "run `make fix`"


def test_every_service_of_the_listener_stands_in_the_overview() -> None:
    registered = {name for name in vars(listener) if name.endswith("Scp")}
    assert registered == set(SERVICES), "say in the overview what is new, and here how it is called"
    assert [name for name, row in SERVICES.items() if row not in STATEMENT] == []


def test_every_information_model_and_sop_class_of_ours_is_named() -> None:
    uids = {*INFORMATION_MODELS, STORAGE_COMMITMENT_PUSH_MODEL}
    uids |= {query_retrieve_source.FIND, query_retrieve_source.GET, query_retrieve_source.MOVE}
    assert [uid for uid in sorted(map(str, uids)) if uid not in STATEMENT] == []


def test_what_every_caller_may_query_is_what_the_listener_takes() -> None:
    services = listener.query_retrieve_services(Settings(home=Path("/nowhere")), cast(Any, MagicMock()))
    for service in services:
        for uid in map(str, INFORMATION_MODELS):
            assert not service.accepts(uid) or uid in STATEMENT


@pytest.mark.parametrize("name", ["limit", "offset", "cursor", "includefield", "fuzzymatching", "window", "viewport"])
def test_parameters_of_dicomweb_are_named_and_taken(name: str) -> None:
    assert f"`{name}`" in STATEMENT
    values = {"limit": "1", "offset": "1", "window": "40,400,linear", "viewport": "10,10", "fuzzymatching": "true"}
    query = [(name, values.get(name, "all"))]
    if name in ("window", "viewport"):
        assert rendering_of(query, "image/png") != rendering_of([], "image/png")
    else:
        assert search_parameters(query).ignored == []
        assert search_parameters(query) != search_parameters([])


def test_no_service_is_both_offered_and_missing() -> None:
    (missing,) = re.findall(r"^\| (.+) \| \*\*not yet\*\* \|$", STATEMENT, re.MULTILINE)
    offered = re.findall(r"^\| (.+) \| (?:SCP|SCU|origin server) \|$", STATEMENT, re.MULTILINE)
    assert not {name.strip() for name in missing.split(",")} & {
        name.strip() for each in offered for name in each.split(",")
    }
