"""A study that the law keeps no longer: due, proposed, approved by two people, destroyed, certified; on a phone too."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from bench.node import Node
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.browser.conftest import DESK, PASSWORD, PATIENCE_MS, PHONE, watch
from tests.browser.test_everywhere import violations

from isocenter.access.caller import system_caller
from isocenter.access.roles import Role
from isocenter.access.sessions import open_session
from isocenter.access.sign_in.policy import offer_in_a_demo
from isocenter.access.users import create_user
from isocenter.adapters.web.authentication import COOKIE
from isocenter.apps.home import read_state
from isocenter.index.institutions import ensure_institution
from isocenter.kit.database import Database

STUDY = "1.2.826.0.1.3680043.10.1990"
Signed = Callable[..., BrowserContext]
_OLD_STUDY = """
    INSERT INTO study (institution_id, study_instance_uid, patient_id, study_date, modalities, state, instance_count,
        first_received_at, last_received_at)
    VALUES (isocenter_institution(), %s, 'OLD-1', '19900101', '{CT}', 'sealed', 12, now(), now())
"""


@pytest.fixture(scope="module")
def signed_in(browser: Browser, node: Node, address: str) -> Iterator[Signed]:
    """People of a hospital under the law, which has one study of 1990, in browsers of their own."""
    state = read_state(node.home)
    assert state is not None
    made: list[BrowserContext] = []
    with closing(Database(state.settings["ISOCENTER_DATABASE_URL"], max_connections=2)) as database:
        with database.transaction() as connection:
            hospital = ensure_institution(connection, "Old Hospital").institution_id
        offer_in_a_demo(database, system_caller(hospital, "test"))
        with database.transaction(hospital) as connection:
            connection.execute(_OLD_STUDY, [STUDY])

        def person(name: str, role: Role, **options: object) -> BrowserContext:
            with database.transaction(hospital) as connection:
                user = create_user(
                    connection,
                    hospital,
                    username=name.lower(),
                    display_name=name,
                    roles=(role,),
                    password=PASSWORD,
                    language="en",
                    given_by="test",
                )
            secret = open_session(database, user, address="127.0.0.1", user_agent="", second_factor=True)
            context = browser.new_context(**{"viewport": DESK, "locale": "en", "base_url": address, **options})  # type: ignore[arg-type]
            context.set_default_timeout(PATIENCE_MS)
            context.add_cookies([{"name": COOKIE, "value": secret, "url": address}])
            made.append(context)
            return context

        yield person
        for context in made:
            context.close()


def approve(page: Page) -> None:
    page.get_by_role("button", name="Proposal 1").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Approve").click()
    page.get_by_role("dialog", name="Approve the destruction?").get_by_role("button", name="Approve").click()


def test_two_people_destroy_what_is_kept_no_longer(signed_in: Signed) -> None:
    administrator = signed_in("Rhea", Role.ADMINISTRATOR).new_page()
    phone = signed_in("Theo", Role.SECURITY_OFFICER, viewport=PHONE, has_touch=True, is_mobile=True).new_page()
    complaints = [*watch(administrator), *watch(phone)]
    administrator.goto("/administration/retention")
    expect(administrator.get_by_text("15 years after the last visit")).to_be_visible()
    administrator.get_by_role("button", name="Look now").click()
    administrator.get_by_role("checkbox", name="Choose the study of OLD-1").check()
    administrator.get_by_role("button", name="Propose 1 study").click()
    dialog = administrator.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("Kept long enough")
    dialog.get_by_role("button", name="Propose", exact=True).click()
    expect(administrator.get_by_text("Waits for two approvals")).to_be_visible()
    assert violations(administrator) == []
    approve(administrator)
    expect(administrator.get_by_role("dialog").get_by_text("Waits for the second approval")).to_be_visible()
    phone.goto("/administration/retention")
    approve(phone)
    expect(phone.get_by_role("dialog").get_by_text("Rhea (administration)")).to_be_visible()
    certificate = phone.get_by_role("link", name=f"Certificate of {STUDY}")
    for _ in range(20):
        if certificate.is_visible():
            break
        phone.reload()
        phone.get_by_role("button", name="Proposal 1").first.click()
        expect(phone.get_by_role("dialog").get_by_text("Kept long enough")).to_be_visible()
    certificate.click()
    expect(phone.get_by_role("heading", name="Certificate of destruction")).to_be_visible()
    expect(phone.get_by_text(STUDY)).to_be_visible()
    # Journals are wiped within a minute; until then the page says that they are not.
    expect(phone.get_by_text(re.compile("Nothing of it is left|What is left"))).to_be_visible()
    assert violations(phone) == []
    assert complaints == []
