"""What readers keep: drafts, preferences, hanging protocols, display checks, views handed over; and priors."""

from __future__ import annotations

from datetime import datetime

import pytest
from psycopg.types.json import Jsonb
from tests.adapters.web.reading_room import Room, every_kind
from tests.conftest import an_institution
from tests.domain.conftest import a_ct_slice

from isocenter.access.caller import system_caller
from isocenter.access.roles import Role
from isocenter.access.sharing import doors
from isocenter.access.sharing.alliances import add_alliance
from isocenter.access.users import create_user


def test_a_draft_is_its_readers_own_and_refuses_what_was_changed_elsewhere(room: Room) -> None:
    one, other = room.reader(), room.reader()
    path = "{study}/measurements/draft"
    empty = room.ask(one, "GET", path)
    assert (empty.json(), empty.headers["etag"]) == ({"revision": 0, "measurements": []}, '"0"')
    drawn = every_kind(room)
    kept = room.ask(one, "PUT", path, {"measurements": drawn})
    assert (kept.status_code, kept.json()["revision"], kept.headers["etag"]) == (200, 1, '"1"'), kept.text
    assert room.ask(other, "GET", path).json()["measurements"] == []
    again = room.ask(one, "PUT", path, {"measurements": kept.json()["measurements"][:2]}, **{"If-Match": '"1"'})
    assert again.json()["revision"] == 2
    for stale in ({"If-Match": '"1"'}, {"If-Match": '"x"'}, {}):
        late = room.ask(one, "PUT", path, {"measurements": [], "revision": 0}, **stale)
        assert (late.status_code, late.json()["error"]["reason"]) == (409, "changed")
    now = room.ask(one, "GET", path).json()
    assert now["measurements"] == kept.json()["measurements"][:2], "loaded as it was kept"
    assert now["measurements"][0]["results"] == drawn[0]["results"], "numbers are exact"
    twice = room.ask(one, "PUT", path, {"revision": 2, "measurements": [drawn[0], drawn[0]]})
    assert (twice.status_code, twice.json()["error"]["reason"]) == (400, "invalid-measurement")
    nul = room.ask(one, "PUT", path, {"revision": 2, "measurements": [drawn[0] | {"text": "a\0b"}]})
    assert (nul.status_code, nul.json()["error"]["reason"]) == (400, "invalid-document")
    nowhere = room.client.get("/api/studies/9.9.9/measurements/draft", headers=one)
    assert (nowhere.status_code, nowhere.json()["error"]["reason"]) == (404, "unknown-study")


def test_preferences_are_kept_whole_and_small(room: Room) -> None:
    one = room.reader()
    assert room.ask(one, "GET", "reading/preferences").json() == {"revision": 0, "preferences": {}}
    kept = {"shortcuts": {"缩放": "z"}, "layout": [2, 2], "ratio": 0.1}
    assert room.ask(one, "PUT", "reading/preferences", {"preferences": kept}).json()["revision"] == 1
    assert room.ask(one, "GET", "reading/preferences").json() == {"revision": 1, "preferences": kept}
    assert room.ask(room.reader(), "GET", "reading/preferences").json()["preferences"] == {}
    stale = room.ask(one, "PUT", "reading/preferences", {"preferences": {}})
    assert (stale.status_code, stale.json()["error"]["fields"]) == (409, {"revision": 1})
    large = room.ask(one, "PUT", "reading/preferences", {"revision": 1, "preferences": {"x": "x" * 70_000}})
    assert large.json()["error"]["reason"] == "too-large"


def test_hanging_protocols_belong_to_readers_or_to_the_institution(room: Room) -> None:
    one, chief = room.reader(), room.reader(Role.ADMINISTRATOR)
    body = {"scope": "user", "name": "胸部 CT", "document": {"version": 1, "rows": 2}}
    mine = room.ask(one, "POST", "hanging-protocols", body).json()
    everybodys = room.ask(chief, "POST", "hanging-protocols", body | {"scope": "institution", "name": "A"}).json()
    assert room.ask(one, "POST", "hanging-protocols", body | {"scope": "institution"}).status_code == 403
    lost = room.ask(chief, "POST", "hanging-protocols", body | {"scope": "department"})
    assert lost.json()["error"]["reason"] == "no-department"
    unversioned = room.ask(one, "POST", "hanging-protocols", body | {"document": {}})
    assert unversioned.json()["error"]["reason"] == "invalid-document"
    held = room.ask(one, "GET", "hanging-protocols").json()
    assert [(each["name"], each["scope"], each["editable"]) for each in held["hanging_protocols"]] == [
        ("胸部 CT", "user", True),
        ("A", "institution", False),
    ]
    assert held["may_add"] == ["user"]
    path = f"hanging-protocols/{mine['hanging_protocol_id']}"
    changed = room.ask(one, "PUT", path, {"revision": 1, "name": "B", "document": {"version": 2}})
    assert (changed.json()["revision"], changed.headers["etag"]) == (2, '"2"')
    assert room.ask(one, "PUT", path, {"revision": 1, "name": "C", "document": {"version": 2}}).status_code == 409
    assert room.ask(chief, "PUT", path, {"revision": 2, "name": "C", "document": {"version": 2}}).status_code == 404
    assert room.ask(one, "DELETE", f"hanging-protocols/{everybodys['hanging_protocol_id']}").status_code == 403
    assert room.ask(one, "DELETE", path + "?revision=2").status_code == 204
    assert room.ask(one, "DELETE", path).status_code == 404


def test_a_display_is_due_until_it_passed(room: Room) -> None:
    one, chief = room.reader(), room.reader(Role.ADMINISTRATOR)
    path = "display-checks?workstation=desk-0001"
    assert room.ask(one, "GET", path).json() == {"checks": [], "due_after_days": 30, "due": True, "due_at": None}
    screen = {"width": 1920, "height": 1080, "pixel_ratio": 1.5, "colour_depth": 24}
    body = {"workstation": "desk-0001", "answers": {"five-percent": False}, "screen": screen}
    failed = room.ask(one, "POST", "display-checks", body).json()
    assert (failed["due"], failed["checks"][0]["passed"]) == (True, False)
    passed = room.ask(one, "POST", "display-checks", body | {"answers": {"five-percent": True}}).json()
    assert (passed["due"], len(passed["checks"]), passed["checks"][0]["screen"]) == (False, 1, screen)
    assert room.ask(room.reader(), "GET", path).json()["due"], "a check is of one reader's eyes"
    assert room.ask(one, "PUT", "display-checks/rule", {"due_after_days": 7}).status_code == 403
    assert room.ask(chief, "PUT", "display-checks/rule", {"due_after_days": 7}).status_code == 200
    assert room.ask(one, "GET", path).json()["due_after_days"] == 7


def test_the_administrator_sees_who_last_checked_which_display(room: Room) -> None:
    one, chief = room.reader(), room.reader(Role.ADMINISTRATOR)
    screen = {"width": 1920, "height": 1080, "pixel_ratio": 1.5, "colour_depth": 24}
    with room.database.transaction(room.institution_id) as connection:
        person = create_user(
            connection,
            room.institution_id,
            username="wang",
            display_name="Wang Fang",
            roles=(Role.RADIOLOGIST,),
            password=None,
            language="en",
            given_by="test",
        )
        connection.execute(_LONG_AGO, [f"user {person.user_id}", Jsonb(screen)])
    body = {"workstation": "desk-shared", "answers": {"ramp": True}, "screen": screen}
    room.ask(one, "POST", "display-checks", body)
    room.ask(room.reader(), "POST", "display-checks", body | {"answers": {"ramp": False}, "note": "a stain"})
    room.ask(one, "POST", "display-checks", body | {"workstation": "desk-new-one"})
    room.ask(room.reader(at=_elsewhere(room)), "POST", "display-checks", body | {"workstation": "desk-elsewhere"})
    assert room.ask(one, "GET", "display-checks/all").status_code == 403
    found = room.ask(chief, "GET", "display-checks/all").json()
    listed = {each["workstation"]: each for each in found["workstations"]}
    order = [each for each in listed if each in ("desk-long-ago", "desk-shared", "desk-new-one", "desk-elsewhere")]
    assert order == ["desk-new-one", "desk-shared", "desk-long-ago"], "newest first, of this institution"
    assert (len(listed), found["left_off"]) == (len(found["workstations"]), 0), "one line for each display"
    new, shared, old = (listed[each] for each in order)
    assert (new["passed"], new["due"], new["reader_name"]) == (True, False, None)
    due_in = datetime.fromisoformat(new["due_at"]) - datetime.fromisoformat(new["checked_at"])
    assert due_in.days == found["due_after_days"]
    assert (shared["passed"], shared["due"], shared["due_at"], shared["note"]) == (False, True, None, "a stain")
    assert (old["passed"], old["due"], old["reader_name"]) == (True, True, "Wang Fang")


_LONG_AGO = """
    INSERT INTO display_check (institution_id, reader, workstation, answers, screen, checked_at)
    VALUES (isocenter_institution(), %s, 'desk-long-ago', '{"ramp": true}', %s, now() - interval '400 days')
"""


def _elsewhere(room: Room) -> int:
    return an_institution(room.database, "Elsewhere").institution_id


def test_a_view_is_handed_over_to_the_same_person_only(room: Room) -> None:
    one = room.reader()
    view = {"series": room.series, "image": 2, "window": {"centre": 40.5}}
    given = room.ask(one, "POST", "reading/hand-over", {"study_instance_uid": room.study, "view": view}).json()
    path = f"reading/hand-over/{given['id']}"
    assert room.ask(one, "GET", path).json()["view"] == view
    somebody = room.ask(room.reader(), "GET", path)
    assert (somebody.status_code, somebody.json()["error"]["reason"]) == (404, "unknown-hand-over")
    nowhere = room.ask(one, "POST", "reading/hand-over", {"study_instance_uid": "9.9.9", "view": view})
    assert nowhere.status_code == 404


def test_a_guest_keeps_a_draft_at_the_owner_and_files_nothing(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "REMEMBERED_FOR_S", -1.0)
    ally = an_institution(room.database, "Ally").institution_id
    add_alliance(room.database, system_caller(room.institution_id, "test"), "North", [room.institution_id, ally])
    rule = {"ally_institution_id": ally, "roles": ["radiologist"], "purpose": "second-opinion", "modalities": ["CT"]}
    assert room.ask(room.reader(Role.ADMINISTRATOR), "POST", "sharing-rules", rule).status_code == 201
    guest = room.reader(at=ally)
    kept = room.ask(
        guest, "PUT", "{study}/measurements/draft", {"measurements": [room.measured("probe", [[1.0, 2.0]])]}
    )
    assert (kept.status_code, kept.json()["revision"]) == (200, 1), kept.text
    assert len(room.ask(guest, "GET", "{study}/measurements/draft").json()["measurements"]) == 1
    image = {"series_instance_uid": room.series, "sop_instance_uid": room.images[0]}
    for path, body in (
        ("{study}/measurements/report", {}),
        ("{study}/key-images", {"images": [image]}),
        ("{study}/presentation-states", {"views": [{"images": [image]}]}),
    ):
        refused = room.ask(guest, "POST", path, body)
        assert (refused.status_code, refused.json()["error"]["reason"]) == (403, "shared-study")
    with room.database.transaction(room.institution_id) as connection:
        found = connection.execute("SELECT count(*) FROM measurement_draft WHERE reader LIKE %s", [f"% of {ally}"])
        assert found.fetchone() == (1,)


def test_erasing_a_study_forgets_its_drafts(room: Room) -> None:
    at = an_institution(room.database, "Third").institution_id
    room.hospital(at).store(a_ct_slice(study="1.2.7", series="1.2.7.1"), uid="1.2.7.1.1")
    reader, chief = room.reader(at=at), room.reader(Role.ADMINISTRATOR, at)
    path = "/api/studies/1.2.7/measurements/draft"
    kept = room.client.put(path, json={"measurements": [room.measured("probe", [[1.0, 2.0]])]}, headers=reader)
    assert kept.json()["revision"] == 1
    room.client.request("DELETE", "/api/studies/1.2.7", json={"reason": "a test"}, headers=chief)
    assert room.client.get(path, headers=reader).status_code == 404
    assert room.client.post("/api/deleted-studies/1.2.7/restore", headers=chief).status_code == 200
    assert room.client.get(path, headers=reader).json()["revision"] == 1, "deleting alone takes nothing"
    room.client.request("DELETE", "/api/studies/1.2.7", json={"reason": "a test"}, headers=chief)
    assert room.client.delete("/api/deleted-studies/1.2.7", headers=chief).status_code == 204
    with room.database.transaction(at) as connection:
        assert connection.execute("SELECT count(*) FROM measurement_draft").fetchone() == (0,)


def test_priors_are_of_the_same_person_and_follow_a_merge(room: Room) -> None:
    at = an_institution(room.database, "Fourth").institution_id
    for study, patient in (("1.2.8.1", "P1"), ("1.2.8.2", "P1"), ("1.2.8.3", "P2")):
        data = a_ct_slice(study=study, series=f"{study}.1", patient_id=patient)
        room.hospital(at).store(data, uid=f"{study}.1.1")
    reader, chief = room.reader(at=at), room.reader(Role.ADMINISTRATOR, at)

    def priors_of(study: str) -> list[str]:
        answer = room.client.get(f"/api/studies/{study}/priors", headers=reader).json()
        assert not answer["more"]
        return [each["study_instance_uid"] for each in answer["priors"]]

    assert (priors_of("1.2.8.1"), priors_of("1.2.8.3")) == (["1.2.8.2"], [])
    [one], [other] = (
        room.client.post("/api/patients/search", json={"text": patient}, headers=chief).json()["patients"]
        for patient in ("P1", "P2")
    )
    body = {"into_patient_key": one["patient_key"], "reason": "the same person"}
    merged = room.client.post(f"/api/patients/{other['patient_key']}/merge", json=body, headers=chief)
    assert merged.status_code in (200, 201), merged.text
    assert sorted(priors_of("1.2.8.3")) == ["1.2.8.1", "1.2.8.2"]
    assert room.client.get("/api/studies/9.9.9/priors", headers=reader).status_code == 404
