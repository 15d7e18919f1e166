"""Views are kept for a second, revalidated by version, and never shared between institutions."""

from __future__ import annotations

import threading

import pytest
from tests.delivery.builders import a_view, an_instance

from isocenter.delivery import locate
from isocenter.delivery.errors import UnknownStudy
from isocenter.delivery.locate import Locator
from isocenter.delivery.study_view import StudyView
from isocenter.kit.errors import Exhausted


class Index:
    """An index of views that counts what it is asked, and a clock that is set by hand."""

    def __init__(self) -> None:
        self.views: dict[tuple[int, str], StudyView] = {}
        self.loads = self.versions = 0
        self.now = 100.0
        self.away = False

    def version(self, institution_id: int, study_instance_uid: str) -> int | None:
        if self.away:
            raise Exhausted("away")
        self.versions += 1
        view = self.views.get((institution_id, study_instance_uid))
        return view.version if view else None

    def load(self, institution_id: int, study_instance_uid: str) -> StudyView | None:
        if self.away:
            raise Exhausted("away")
        self.loads += 1
        return self.views.get((institution_id, study_instance_uid))

    def locator(self) -> Locator:
        return Locator(self, clock=lambda: self.now)


@pytest.fixture
def index() -> Index:
    found = Index()
    found.views[1, "1.2"] = a_view(an_instance())
    return found


def test_a_view_is_loaded_once_and_at_hand_for_a_second(index: Index) -> None:
    locator = index.locator()
    assert locator.at_hand(1, "1.2") is None
    view = locator.view(1, "1.2")
    assert locator.at_hand(1, "1.2") is view
    assert locator.view(1, "1.2") is view
    assert (index.loads, index.versions) == (1, 0)


def test_an_old_view_is_asked_for_its_version_and_kept_when_that_is_the_same(index: Index) -> None:
    locator = index.locator()
    view = locator.view(1, "1.2")
    index.now += 1.5
    assert locator.at_hand(1, "1.2") is None
    assert locator.view(1, "1.2") is view
    assert (index.loads, index.versions) == (1, 1)


def test_a_new_version_is_loaded(index: Index) -> None:
    locator = index.locator()
    locator.view(1, "1.2")
    index.views[1, "1.2"] = a_view(an_instance(), an_instance(uid="1.2.3.5"), version=2)
    index.now += 1.5
    assert len(locator.view(1, "1.2").instances) == 2


def test_a_study_that_was_erased_is_forgotten(index: Index) -> None:
    locator = index.locator()
    locator.view(1, "1.2")
    del index.views[1, "1.2"]
    index.now += 1.5
    with pytest.raises(UnknownStudy):
        locator.view(1, "1.2")
    assert locator.at_hand(1, "1.2") is None


def test_the_study_of_another_institution_is_unknown(index: Index) -> None:
    locator = index.locator()
    locator.view(1, "1.2")
    with pytest.raises(UnknownStudy):
        locator.view(2, "1.2")


def test_a_doubted_view_is_loaded_anew(index: Index) -> None:
    locator = index.locator()
    view = locator.view(1, "1.2")
    locator.doubt(view)
    assert locator.at_hand(1, "1.2") is None
    locator.view(1, "1.2")
    assert index.loads == 2


def test_an_index_that_is_away_is_said_so_and_asked_again(index: Index) -> None:
    locator = index.locator()
    index.away = True
    with pytest.raises(Exhausted):
        locator.view(1, "1.2")
    index.away = False
    assert locator.view(1, "1.2").version == 1


def test_many_threads_that_ask_at_once_cost_one_load(index: Index) -> None:
    locator = index.locator()
    barrier = threading.Barrier(8)
    found: list[StudyView] = []

    def ask() -> None:
        barrier.wait()
        found.append(locator.view(1, "1.2"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(found) == 8
    assert index.loads == 1


def test_views_are_dropped_when_they_hold_too_many_instances(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locate, "INSTANCES_KEPT", 3)
    for number in range(10):
        uid = f"1.{number}"
        index.views[1, uid] = a_view(an_instance(), study=uid)
    locator = index.locator()
    for number in range(10):
        locator.view(1, f"1.{number}")
    assert locator.at_hand(1, "1.9") is not None
    assert locator.at_hand(1, "1.0") is None
