"""Setting up hospitals in the web client: people, departments, devices with live tests, lists, the guided path."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from bench.association import Association, contexts_of
from bench.data import instance_of
from bench.node import Node, eventually
from playwright.sync_api import BrowserContext, Locator, Page, Route, ViewportSize, expect
from pynetdicom import AE
from tests.browser.conftest import DESK, PASSWORD, PHONE
from tests.browser.studies import a_ct_slice
from tests.browser.test_everywhere import AXE, violations

PAGES = ("institutions", "departments", "people", "devices")
PAGES_BESIDE = ("programs", "alliances", "sharing-rules", "restrictions", "identity-providers")
PAGES_OF = {
    "security-officer": ("certificates", "signing-in", "signed-in-devices", "identity-providers", "access-reviews"),
    "auditor": ("audit",),
}
FORMS = ("Add an institution", "Add a department", "Invite a person", "Add a device")


def record(page: Page, words: str) -> Locator:
    """The line of the record that holds these words."""
    return page.locator("[data-record]").filter(has_text=words)


def add_department(page: Page, name: str) -> None:
    """Through the dialog, from wherever it is offered."""
    page.get_by_role("button", name="Add a department").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill(name)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)


def test_departments_are_added_found_imported_and_removed(page: Page) -> None:
    page.goto("/administration/departments")
    add_department(page, "Radiology")
    page.get_by_role("button", name="Import or export").click()
    page.get_by_role("menuitem", name="Import a list").click()
    dialog = page.get_by_role("dialog")
    choose = dialog.locator("input[type=file]")
    wrong = "code,name\nradiology,Radiology\n,Nobody's\nneuro,Neurology\n"
    choose.set_input_files({"name": "departments.csv", "mimeType": "text/csv", "buffer": wrong.encode()})
    expect(dialog.get_by_role("status")).to_contain_text("Line 3")
    expect(dialog).to_contain_text("Nothing was changed")
    right = "code,name\nradiology,Radiology\nneuro,Neurology\ncardio,Cardiology\n"
    choose.set_input_files({"name": "departments.csv", "mimeType": "text/csv", "buffer": right.encode()})
    dialog.get_by_role("button", name="Import 2 lines").click()
    expect(dialog).to_contain_text("The list is imported")
    dialog.get_by_role("button", name="Close").last.click()
    expect(page.locator("[data-record]")).to_have_count(3)
    page.get_by_role("textbox", name="Search: Departments").fill("neuro")
    expect(page.locator("[data-record]")).to_have_count(1)
    page.get_by_role("button", name="Clear search").click()
    page.get_by_role("button", name="Name", exact=True).click()
    expect(page.locator("[data-record]").first).to_contain_text("Cardiology")
    page.get_by_role("button", name="Remove Cardiology").click()
    dialog.get_by_role("button", name="Remove").click()
    expect(record(page, "Cardiology")).to_have_count(0)


def test_a_person_is_invited_comes_in_changes_roles_and_is_disabled(
    page: Page, context_at: Callable[..., BrowserContext]
) -> None:
    page.goto("/administration/people")
    page.get_by_role("button", name="Invite a person").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Make the link")).to_be_disabled()
    dialog.get_by_label("Radiologist", exact=True).check()
    dialog.get_by_label("Security officer").check()
    expect(dialog.get_by_label("Auditor")).to_be_disabled()  # security and audit are kept apart
    dialog.get_by_label("Security officer").uncheck()
    dialog.get_by_label("Name", exact=True).fill("Wang Min")
    dialog.get_by_role("button", name="Make the link").click()
    expect(dialog.get_by_alt_text("The link as a picture to scan")).to_be_visible()
    link = page.get_by_test_id("one-time-link").inner_text()
    dialog.get_by_role("button", name="Done").click()
    expect(page.locator("[data-invitation]").filter(has_text="Wang Min")).to_contain_text("Radiologist")
    door = context_at(storage_state=None).new_page()
    door.goto(link)
    door.get_by_label("User name").fill("wang")
    door.get_by_label("Password", exact=True).fill(PASSWORD)
    door.get_by_label("Password again").fill(PASSWORD)
    door.get_by_role("button", name="Create account").click()
    expect(door.locator("[data-study-link]").first).to_be_visible()
    expect(door.get_by_role("link", name="Administration")).to_have_count(0)
    page.reload()
    expect(page.locator("[data-invitation]")).to_have_count(0)
    record(page, "Wang Min").get_by_role("button").first.click()
    page.get_by_role("button", name="Change the roles").click()
    dialog.get_by_label("Radiologist", exact=True).uncheck()
    dialog.get_by_label("Technologist").check()
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("region", name="Roles")).to_contain_text(re.compile(r"Radiologist.*ended by Dr Chen"))
    page.get_by_role("button", name="Disable the account").click()
    dialog.get_by_role("button", name="Disable the account").click()
    expect(page.get_by_role("button", name="Enable the account")).to_be_visible()
    door.reload()
    door.wait_for_url("**/sign-in*")


def test_a_device_answers_and_its_first_object_is_told(page: Page, node: Node) -> None:
    entity = AE("SCANNER")
    entity.add_supported_context("1.2.840.10008.1.1")
    server = entity.start_server(("127.0.0.1", 0), block=False)
    assert server is not None and server.socket is not None
    page.goto("/administration/devices")
    page.get_by_role("button", name="Add a device").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("CT room 2")
    dialog.get_by_label("AE title").fill("SCANNER")
    dialog.get_by_label("Its addresses").fill("everywhere")
    dialog.get_by_label("Host").fill("127.0.0.1")
    dialog.get_by_label("Port").fill(str(server.socket.getsockname()[1]))
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Addresses are like 10.1.2.3")
    expect(dialog.get_by_label("Name", exact=True)).to_have_value("CT room 2")
    dialog.get_by_label("Its addresses").fill("127.0.0.1, 10.0.0.0/24")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    page.get_by_role("button", name="C-ECHO to CT room 2").click()
    answers = page.get_by_role("status").filter(has_text="Answers in")
    expect(answers).to_be_visible()
    server.shutdown()
    page.get_by_role("button", name="First store of CT room 2").click()
    expect(page.get_by_test_id("first-store-waiting")).to_be_visible()
    instance = instance_of(a_ct_slice("FIRSTSTORE", 0))
    contexts = contexts_of([instance])
    arrived = page.get_by_test_id("first-store-arrived")
    for _ in range(5):  # a busy listener may learn late that it is waited for
        association = Association(node.dicom_port, called=node.ae_title, calling="SCANNER", contexts=contexts)
        assert association.store(instance).status == 0
        association.release()
        if eventually(arrived.is_visible, 5):
            break
    expect(arrived).to_contain_text("from 127.0.0.1")
    expect(page.get_by_role("link", name="Open the study")).to_be_visible()
    page.get_by_role("button", name="Remove CT room 2").click()
    dialog.get_by_role("button", name="Remove").click()
    expect(record(page, "SCANNER")).to_have_count(0)


def test_a_new_hospital_is_set_up_along_the_path_and_the_path_is_resumed(
    page: Page, context_at: Callable[..., BrowserContext]
) -> None:
    page.goto("/administration/institutions")
    page.get_by_role("button", name="Add an institution").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("Northern Hospital")
    dialog.get_by_role("button", name="Save").click()
    page.wait_for_url("**/set-up/*")
    expect(page.locator("main")).to_contain_text("1 of 6 steps")
    add_department(page, "Radiology")
    expect(page.locator("[aria-current=step]")).to_contain_text("Its administrator")
    page.get_by_role("button", name="Make the link").click()
    link = page.get_by_test_id("one-time-link").inner_text()
    dialog.get_by_role("button", name="Done").click()
    expect(page.locator("[aria-current=step]")).to_contain_text("was not used yet")
    door = context_at(storage_state=None).new_page()
    door.goto(link)
    expect(door.locator("main")).to_contain_text("Northern Hospital")
    page.get_by_role("button", name="Add a device").click()
    dialog.get_by_label("Name", exact=True).fill("MR north")
    dialog.get_by_label("AE title").fill("MR1")
    dialog.get_by_label("Its addresses").fill("10.20.1.7")
    dialog.get_by_role("button", name="Save").click()
    expect(page.locator("main")).to_contain_text("3 of 6 steps")
    page.goto("/administration/institutions")
    line = record(page, "Northern Hospital")
    line.get_by_role("button", name="Set up").click()
    expect(page.locator("main")).to_contain_text("3 of 6 steps")
    page.goto("/administration/devices")
    expect(page.get_by_role("heading", name="Rejected calls")).to_be_visible()
    expect(record(page, "MR north")).to_have_count(0)  # another hospital's


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: npm ci in web/")
@pytest.mark.parametrize(("size", "language"), [(DESK, "en"), (PHONE, "zh-CN")])
def test_axe_finds_nothing_where_hospitals_are_administered(
    context_at: Callable[..., BrowserContext], studies: None, size: ViewportSize, language: str
) -> None:
    phone = size is PHONE
    page = context_at(viewport=size, has_touch=phone, is_mobile=phone, reduced_motion="reduce").new_page()

    def in_language(route: Route) -> None:
        route.fulfill(json=route.fetch().json() | {"language": language})

    page.route("**/api/me", in_language)
    for each in (*PAGES, *PAGES_BESIDE):
        page.goto(f"/administration/{each}")
        expect(page.locator("main section").first).to_be_visible()
        expect(page.locator("html")).to_have_attribute("lang", language)
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        assert violations(page) == []
    for place, words in zip(PAGES, FORMS if language == "en" else (), strict=False):
        page.goto(f"/administration/{place}")
        page.get_by_role("button", name=words).click()
        expect(page.get_by_role("dialog")).to_be_visible()
        page.wait_for_timeout(300)  # it fades in, and half-faded words have no contrast
        assert violations(page) == []
    page.goto("/administration/set-up/1")
    expect(page.get_by_role("progressbar")).to_be_visible()
    assert violations(page) == []
    page.unroute_all(behavior="ignoreErrors")


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: npm ci in web/")
@pytest.mark.parametrize("role", PAGES_OF)
def test_axe_finds_nothing_where_security_and_audit_work(
    context_at: Callable[..., BrowserContext], address: str, role: str
) -> None:
    ours = {"X-Isocenter": "1", "Origin": address}
    invited = context_at().request.post("/api/invitations", headers=ours, data={"roles": [role], "username": role})
    secret = invited.json()["path"].rsplit("/", 1)[-1]
    context = context_at(storage_state=None, viewport=PHONE, has_touch=True, is_mobile=True, reduced_motion="reduce")
    account = {"username": role, "display_name": role, "password": PASSWORD, "language": "zh-CN"}
    assert context.request.post(f"/api/enrolments/{secret}", headers=ours, data=account).ok
    page = context.new_page()
    for each in PAGES_OF[role]:
        page.goto(f"/administration/{each}")
        expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.get_by_label("正在加载")).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        assert violations(page) == []
