"""One running Isocenter, one Chromium and one administrator, enrolled as a person would, for all browser tests."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from bench.association import Association, contexts_of
from bench.chromium import FLAGS
from bench.data import instance_of
from bench.node import Node, eventually, new_folder
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, ViewportSize, expect, sync_playwright
from pydicom.dataset import Dataset
from tests.browser.studies import (
    a_bad_frame_among_good_ones,
    a_cine,
    a_ct_study,
    a_lossy_image,
    a_negative,
    a_report,
    many_studies,
)

from isocenter.access.caller import system_caller
from isocenter.apps.home import read_state
from isocenter.domain.retention.policy import without_retention_in_a_demo
from isocenter.kit.database import Database

DESK: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
PASSWORD = "orchid lamp river nine"
PATIENCE_MS = 15_000
QUIET_FOR_S = 8
"""Studies are sealed after this: those stored first are sealed while the later tests run."""


def _missing(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def node() -> Iterator[Node]:
    """`isocenter up` on a temporary home, loopback, ports of its own."""
    if not (Path(__file__).parents[2] / "web" / "dist" / "index.html").is_file():
        _missing("the web client is not built: npm ci && npm run build in web/")
    folder = new_folder("isocenter-browser-")
    # An identity provider of the tests is on loopback.
    settings = {"ISOCENTER_QUIET_FOR": f"{QUIET_FOR_S}s", "ISOCENTER_TRUSTED_HOSTS": "127.0.0.0/8"}
    running = Node(folder / "home", **settings)
    try:
        running.start()
        # The first institution opens with a password alone, so that every test signs in quickly; test_second_factors.py
        # has one of its own, as strict as a hospital's is.
        done = running.command("sign-in-policy", "--second-factor", "offered")
        assert done.returncode == 0, done.stderr
        _let_erase(running)
        yield running
    finally:
        running.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _let_erase(node: Node) -> None:
    """The first institution keeps nothing by law, as one of a demo; test_retention.py has one of its own."""
    state = read_state(node.home)
    assert state is not None
    with closing(Database(state.settings["ISOCENTER_DATABASE_URL"], max_connections=2)) as database:
        without_retention_in_a_demo(database, system_caller(state.institution_id, "test"))


@pytest.fixture(scope="session")
def store(node: Node) -> Callable[..., None]:
    """Send objects as a modality does, over one association; every one must be answered with the status."""

    def store_all(*data_sets: Dataset, status: int = 0x0000) -> None:
        instances = [instance_of(each) for each in data_sets]
        association = Association(node.dicom_port, called=node.ae_title, contexts=contexts_of(instances))
        statuses = [association.store(instance).status for instance in instances]
        association.release()
        assert set(statuses) == {status}

    return store_all


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium; nothing is downloaded."""
    chromium = shutil.which("chromium")
    if chromium is None:
        _missing("there is no chromium on this machine")
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE_MS)
        running = playwright.chromium.launch(executable_path=chromium, headless=True, args=list(FLAGS))
        yield running
        running.close()


@pytest.fixture(scope="session")
def address(node: Node) -> str:
    """Where the web client is."""
    return f"http://127.0.0.1:{node.http_port}"


@pytest.fixture(scope="session")
def enrolment_link(node: Node) -> str:
    """The one-time link that the first start printed."""
    link = re.compile(r"http://\S+/enrol/[\w-]{43}")

    def printed() -> re.Match[str] | None:
        return link.search(node.said().replace("\n", ""))

    assert eventually(lambda: printed() is not None, 20), node.said()
    found = printed()
    assert found is not None
    return found[0]


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What enrolment left: the cookies, and what the browser showed right after it."""

    state: StorageState
    first_page: str
    second_use: str


@pytest.fixture(scope="session")
def enrolled(browser: Browser, enrolment_link: str) -> Enrolled:
    """The first administrator, made through the page; then the same link once more."""
    context = browser.new_context(viewport=DESK, locale="en")
    page = context.new_page()
    page.goto(enrolment_link)
    page.get_by_label("User name").fill("chen")
    page.get_by_label("Your name").fill("Dr Chen")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password again").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    page.get_by_text("No studies yet").wait_for()
    page.get_by_text("AE title").wait_for()
    first_page = page.inner_text("main")
    state = context.storage_state()
    page.goto(enrolment_link)
    page.get_by_role("heading", name="This link does not work").wait_for()
    second_use = page.inner_text("main")
    context.close()
    return Enrolled(state, first_page, second_use)


@pytest.fixture(scope="session")
def studies(enrolled: Enrolled, store: Callable[..., None]) -> None:
    """What the archive holds; made after enrolment, so that the empty list is seen first."""
    store(
        *a_ct_study("PHANTOM-1"),
        *a_cine(),
        *a_report(),
        *a_negative(),
        *a_lossy_image(),
        *a_bad_frame_among_good_ones(),
    )
    store(*many_studies(60))


@pytest.fixture
def context_at(browser: Browser, address: str, enrolled: Enrolled) -> Iterator[Callable[..., BrowserContext]]:
    """Make a browser context that is signed in, with whatever Playwright can be told about it."""
    made: list[BrowserContext] = []

    def make(**options: object) -> BrowserContext:
        settings = {"viewport": DESK, "locale": "en", "storage_state": enrolled.state, "base_url": address} | options
        context = browser.new_context(**settings)  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE_MS)
        made.append(context)
        return context

    yield make
    for context in made:
        context.close()


@pytest.fixture(scope="session")
def desk(browser: Browser, address: str, enrolled: Enrolled, studies: None) -> Iterator[BrowserContext]:
    """One signed-in browser profile for the tests at the desk, so that the client's files are fetched once."""
    context = browser.new_context(viewport=DESK, locale="en", storage_state=enrolled.state, base_url=address)
    context.set_default_timeout(PATIENCE_MS)
    yield context
    context.close()


@pytest.fixture
def page(desk: BrowserContext) -> Iterator[Page]:
    """The study list on a desk, in English. A script error or a breach of the CSP fails the test."""
    page = desk.new_page()
    complaints = watch(page)
    page.goto("/")
    expect(page.locator("[data-study-link]").first).to_be_visible()
    yield page
    page.close()
    assert complaints == []


def watch(page: Page) -> list[str]:
    """Collects script errors and violations of the content security policy."""
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda message: complaints.append(message.text) if "Content Security Policy" in message.text else None,
    )
    return complaints
