"""The ready-made alert rules: whole, about metrics that exist, with the limits of the operations page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families
from tests.conftest import an_institution

from isocenter.adapters.web.operations_metrics import operations_metrics
from isocenter.delivery import alerts
from isocenter.kit import metrics as counted
from isocenter.kit.database import Database

DOCS = Path(__file__).parents[2] / "docs"
RULES = DOCS / "operations" / "alerts.yml"
_METRIC = re.compile(r"\bisocenter_[a-z_]+\b")


def rules() -> Iterator[dict[str, Any]]:
    for group in yaml.safe_load(RULES.read_text())["groups"]:
        yield from group["rules"]


@pytest.fixture
def exposed(database: Database, tmp_path: Path) -> set[str]:
    """Names of all metrics, those that are read from the database and those that processes count."""
    an_institution(database, "North")
    text = operations_metrics(database, tmp_path).decode()
    assert counted.STORED_INSTANCES in list(REGISTRY._names_to_collectors.values())
    return {family.name for family in text_string_to_metric_families(text)} | set(REGISTRY._names_to_collectors)


def test_every_metric_of_a_rule_exists(exposed: set[str]) -> None:
    named = {name for rule in rules() for name in _METRIC.findall(rule["expr"])}
    assert len(named) > 15
    assert named - exposed == set()


def test_every_rule_says_how_bad_it_is_and_what_to_do() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names)) > 15
    for rule in rules():
        assert rule["labels"]["severity"] in set(alerts.Severity)
        assert set(rule["annotations"]) == {"summary", "what_to_do"}
        for page in re.findall(r"docs/([a-z/-]+\.md)", rule["annotations"]["what_to_do"]):
            assert (DOCS / page).exists(), page


def test_brackets_and_quotes_of_expressions_are_closed() -> None:
    for rule in rules():
        bare = re.sub(r'"[^"]*"', "", rule["expr"])
        assert '"' not in bare
        for opening, closing in ("()", "[]", "{}"):
            assert bare.count(opening) == bare.count(closing), rule["alert"]


@pytest.mark.parametrize(
    ("rule", "limit"),
    [
        ("IsocenterNodeSilent", f"> {alerts.NODE_SILENT_S} "),
        ("IsocenterSiteBehind", f"> {alerts.SITE_BEHIND_S}"),
        ("IsocenterSiteFarBehind", f"> {alerts.SITE_FAR_BEHIND_S}"),
        ("IsocenterJobsLate", f"> {alerts.JOBS_LATE_S}"),
        ("IsocenterStorageNearlyFull", f"> {alerts.STORAGE_NEARLY_FULL} "),
        ("IsocenterBackupOld", f"> {alerts.BACKUP_OLD_S}"),
        ("IsocenterDiskLow", f"< {alerts.DISK_LOW}"),
        ("IsocenterDiskVeryLow", f"< {alerts.DISK_VERY_LOW}"),
    ],
)
def test_limits_are_those_of_the_page(rule: str, limit: str) -> None:
    [expression] = [each["expr"] for each in rules() if each["alert"] == rule]
    assert limit in f"{expression} "
