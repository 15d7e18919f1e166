"""The stored numbers are those that the scripts compute."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.golden import objects, regions, spatial, suv


def test_statistics_of_regions_are_as_computed() -> None:
    kept = json.loads(regions.KEPT_AT.read_text())
    assert len(kept) == 5
    for one, again in zip(kept, regions.computed(), strict=True):
        assert one.pop("points") == again.pop("points")
        assert one == pytest.approx(again)


def test_uptake_values_are_as_computed_from_the_real_series(shared_data: Path) -> None:
    kept = json.loads(suv.KEPT_AT.read_text())
    computed = suv.computed(shared_data / "petct-cervix" / "PT")
    assert [each["refused"] for each in kept["refused"]] == [each["refused"] for each in computed["refused"]]
    assert [each["factor"] for each in kept["cases"]] == pytest.approx([each["factor"] for each in computed["cases"]])


def test_what_other_objects_say_is_as_read_by_pydicom_and_numpy() -> None:
    kept = json.loads(objects.KEPT_AT.read_text())
    makers = (objects.contours, objects.dose, objects.ecg, objects.report)
    computed = {maker.__name__: maker() for maker in makers}
    assert {name: kept[name] for name in computed} == json.loads(json.dumps(computed, default=str))


def test_shapes_in_the_patient_lie_where_they_were_put() -> None:
    kept = json.loads(spatial.KEPT_AT.read_text())
    computed = json.loads(json.dumps(spatial.computed(), default=str))
    assert {name: kept[name] for name in computed} == computed
