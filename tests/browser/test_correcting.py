"""Identity: quality tasks, merging patients, correcting studies, and undoing all of it."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect
from pydicom.dataset import Dataset
from pydicom.uid import UID
from tests.browser.studies import a_lossy_image, a_negative, a_rejection_of, many_studies

OTHER_CONTENT = 0xB000
"""The warning of C-STORE that a known object came with other content."""


def found(page: Page, name: str, shows: str) -> None:
    """The list, searched for a name, shows one study with these words."""
    page.goto("/")
    page.get_by_role("textbox", name="Search studies").fill(name)
    expect(page.locator("[data-study-link]")).to_have_count(1)
    expect(page.locator("[data-study-link]")).to_contain_text(shows)


def history_of_only(page: Page) -> None:
    page.get_by_role("button", name="Actions for this study").click()
    page.get_by_role("menuitem", name="Corrections").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def begin_correction(page: Page) -> None:
    page.get_by_role("button", name="Actions for this study").click()
    page.get_by_role("menuitem", name="Correct patient").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def _another(data_set: Dataset, **different: str) -> Dataset:
    """The same study with one more object, in which something about the patient is different."""
    uid = UID(f"{data_set.SOPInstanceUID}.9")
    data_set.SOPInstanceUID = data_set.file_meta.MediaStorageSOPInstanceUID = uid
    for keyword, value in different.items():
        setattr(data_set, keyword, value)
    return data_set


def test_what_differs_is_shown_side_by_side_and_decided(page: Page, store: Callable[..., None]) -> None:
    [picture] = a_lossy_image()
    store(_another(picture, PatientName="Someone^Else", PatientSex="F"))
    page.goto("/quality")
    task = page.locator("[data-task=patient-data-differ]").filter(has_text="Someone, Else")
    expect(task.locator("tr[data-differs=true]")).to_have_count(2)
    expect(task).to_contain_text("Lossy, Synthetic")
    count = int(page.get_by_test_id("quality-count").inner_text())
    expect(task.get_by_role("button", name="Decide")).to_be_disabled()
    task.get_by_role("radio", name="Keep what is shown").check()
    expect(task).to_contain_text("stays under the patient shown")
    task.get_by_label("Note").fill("The name is a test")
    task.get_by_role("button", name="Decide").click()
    expect(task).to_have_count(0)
    if count == 1:
        expect(page.get_by_test_id("quality-count")).to_have_count(0)
    else:
        expect(page.get_by_test_id("quality-count")).to_have_text(str(count - 1))
    page.get_by_text("Resolved", exact=True).click()
    expect(page.locator("[data-task=patient-data-differ]").first).to_contain_text("The name is a test")


def test_wrong_patient_data_are_corrected_with_a_preview_and_undone(page: Page) -> None:
    found(page, "ROW002", "Row002")
    begin_correction(page)
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Patient data are wrong").click()
    dialog.get_by_label("Family name", exact=True).fill("Meier")
    dialog.get_by_label("Sex").select_option("F")
    preview = page.get_by_test_id("correction-preview")
    expect(preview.locator("tr[data-differs=true]")).to_have_count(2)
    expect(preview).to_contain_text("Meier, Synthetic")
    expect(dialog.get_by_role("button", name="Correct", exact=True)).to_be_disabled()
    dialog.get_by_label("Reason").fill("Mistyped at the scanner")
    dialog.get_by_role("button", name="Correct", exact=True).click()
    expect(dialog).to_have_count(0)
    found(page, "A-ROW002", "Meier, Synthetic")
    history_of_only(page)
    entry = page.locator("[data-history-entry]").first
    expect(entry).to_contain_text("Mistyped at the scanner")
    entry.get_by_role("button", name="Undo").click()
    expect(entry.get_by_role("button", name="Undo")).to_have_count(0)
    found(page, "A-ROW002", "Row002, Synthetic")


def test_a_study_is_moved_to_the_right_patient_and_back(page: Page) -> None:
    found(page, "A-ROW003", "Row003")
    begin_correction(page)
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("The right patient").fill("ROW004")
    dialog.get_by_role("radio", name="Row004").check()
    expect(page.get_by_test_id("correction-preview")).to_contain_text("ROW003")
    dialog.get_by_label("Reason").fill("Wrong patient chosen")
    dialog.get_by_role("button", name="Correct", exact=True).click()
    expect(dialog).to_have_count(0)
    found(page, "A-ROW003", "Row004")
    history_of_only(page)
    page.locator("[data-history-entry]").first.get_by_role("button", name="Undo").click()
    expect(page.locator("[data-history-entry]").first).to_contain_text("Undone")
    found(page, "A-ROW003", "Row003")


def test_two_patients_that_are_one_are_merged_and_taken_apart(page: Page) -> None:
    page.goto("/patients")
    search = page.get_by_label("Search patients")
    for patient in ("ROW005", "ROW006"):
        search.fill(patient)
        expect(page.locator("[data-patient]").filter(has_text=patient)).to_be_visible()
        page.get_by_role("checkbox", name=f"Choose {patient.title()}").check()
    page.get_by_role("button", name="Merge the two").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("ROW005")
    dialog.get_by_role("radio", name="ROW006").check()
    dialog.get_by_label("Reason").fill("Registered twice")
    dialog.get_by_role("button", name="Merge", exact=True).click()
    expect(dialog).to_have_count(0)
    merge = page.locator("[data-merge]").filter(has_text="Registered twice")
    expect(merge).to_contain_text("Row006")
    found(page, "A-ROW005", "Row006")
    page.goto("/patients")
    merge.get_by_role("button", name="Undo").click()
    expect(merge).to_contain_text("Undone")
    found(page, "A-ROW005", "Row005")


def test_a_known_object_with_other_content_waits_for_a_decision(page: Page, store: Callable[..., None]) -> None:
    [picture] = a_negative()
    picture.PixelData = bytes(len(picture.PixelData))
    store(picture, status=OTHER_CONTENT)
    page.goto("/quality")
    page.get_by_label("Kind").select_option("other-content")
    task = page.locator("[data-task=other-content]").first
    task.get_by_role("radio", name="Keep the one that is shown").check()
    task.get_by_role("button", name="Decide").click()
    expect(page.get_by_text("Nothing waits for a decision")).to_be_visible()


def test_what_its_sender_rejected_is_shown_again(page: Page, store: Callable[..., None]) -> None:
    store(a_rejection_of(many_studies(8)[7]))
    found(page, "A-ROW007", "Row007")
    history_of_only(page)
    entry = page.locator("[data-history-entry]")
    for _ in range(20):  # a job reads the note
        if entry.count():
            break
        page.wait_for_timeout(500)
        page.reload()
        page.get_by_role("heading", level=1).wait_for()
    expect(entry).to_contain_text("1 object rejected by its sender")
    entry.get_by_role("button", name="Show them again").click()
    expect(entry).to_contain_text("Shown again since")
