"""Presentation states of grey (GSPS) and of colour images: a view filed as an object, those of a study read."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.domain.archive.store import Archive
from isocenter.domain.reading.errors import ImagesDiffer, InvalidPresentation
from isocenter.domain.reading.filing import Filed, file_object, making_of
from isocenter.domain.reading.readers import check_document
from isocenter.domain.reading.study_at_hand import (
    NotRead,
    StudyAtHand,
    check_owned,
    images_of,
    read_all,
)
from isocenter.kit.database import Database
from isocenter.standards.dicom.documents import Document, document_of
from isocenter.standards.dicom.new_objects import Model, Read, element, items_of, number_of, text_of, values_of
from isocenter.standards.dicom.presentation_state import GRAYSCALE_STATE, Colour, Grey, Raster, State, View, state_of
from isocenter.standards.dicom.presentation_state_reading import OTHER_STATES, STATES, ReadState, read_state
from isocenter.standards.dicom.srgb_profile import srgb_profile

MAX_TEXT_BYTES: Final = 4 << 20
_MONOCHROME_1: Final = "MONOCHROME1"
_GREY: Final = ("MONOCHROME2", _MONOCHROME_1)
_RESCALE: Final = ("00281052", "00281053", "00281054")


@dataclass(frozen=True, slots=True)
class StudyState:
    """One state of a study. invert: the opposite of how the images show themselves."""

    document: Document
    read: ReadState
    invert: bool


def file_state(
    archive: Archive, database: Database, caller: Caller, study: StudyAtHand, state: State, *, invert: bool
) -> Filed:
    """File a state. invert: the opposite of how the images show themselves; state.inverse is made of it. Colour images
    have a state of their own kind, without window, table and inversion.

    Raises Refused, SharedStudy, UnknownImage, ImagesDiffer, InvalidPresentation, Exhausted.
    """
    caller.require(Right.ANNOTATE)
    check_owned(caller, study)
    _check(state)
    known = _with_known_images(study, state)
    uids = list(dict.fromkeys(each.sop_instance_uid for view in known.views for each in view.images))
    models = study.metadata([each for each in map(study.instance, uids) if each is not None])
    shaped, values = _as_grey(known, models, invert) or (known, _as_colour(study, known, uids, models, invert))
    rasters = {uid: _raster(model) for uid, model in zip(uids, models, strict=True)}
    making = making_of(database, caller, models[0])
    model = state_of(models[0], shaped, making, values=values, rasters=rasters)
    action = audit.Action.PRESENTATION_STATE_FILED
    return file_object(archive, database, caller, study.study_instance_uid, model, action=action, images=len(uids))


def states(caller: Caller, study: StudyAtHand) -> tuple[list[StudyState], list[NotRead]]:
    """Every softcopy state of the study, newest first, and what could not be read or is of a kind that is not shown
    (other-presentation-state). Raises Refused."""
    caller.require(Right.READ)

    def frames_of(uid: str) -> int | None:
        known = study.instance(uid)
        return None if known is None else known.number_of_frames

    def read(model: Read) -> StudyState | None:
        document = document_of(model, by=None, when=("00700082", "00700083"))
        found = read_state(model, frames_of, lambda uri: study.binary(document.sop_instance_uid, uri))
        first = next((each for view in found.state.views for each in view.images), None)
        here = None if first is None else study.instance(first.sop_instance_uid)
        polarity = None if here is None else here.photometric_interpretation
        invert = found.state.inverse is not (polarity == _MONOCHROME_1)
        return StudyState(document, found, invert and document.sop_class_uid == GRAYSCALE_STATE)

    found, failed = read_all(study, (*STATES, *OTHER_STATES), read)
    return sorted(found, key=lambda each: each.document.made_at or "", reverse=True), failed


def _check(state: State) -> None:
    check_document([state.label, state.description, *_texts(state)], MAX_TEXT_BYTES)
    seen: set[tuple[str, tuple[int, ...]]] = set()
    for view in state.views:
        if view.window is not None and view.lut is not None:
            raise InvalidPresentation("A view has a window or a table, not both.", attribute="lut")
        if view.window is not None and view.window.function == "LINEAR" and view.window.width < 1:
            raise InvalidPresentation("A linear window is at least 1 wide (PS3.3 C.11.2.1.2).", attribute="width")
        if view.lut is not None and max(view.lut.values) >= 1 << view.lut.bits:
            raise InvalidPresentation("A table holds larger values than it says.", attribute="lut")
        _check_area(view)
        _check_marks(view)
        for image in view.images:
            key = (image.sop_instance_uid, image.frame_numbers)
            if key in seen:
                raise InvalidPresentation("An image is in two views.", sop_instance_uid=image.sop_instance_uid)
            seen.add(key)


def _texts(state: State) -> list[str | None]:
    looks = [view.window or view.lut for view in state.views]
    return [
        *(each.text for view in state.views for each in view.words),
        *(look.explanation for look in looks if look is not None),
    ]


def _check_area(view: View) -> None:
    area = view.area
    if area is None:
        return
    if area.mode == "magnify" and area.magnification is None:
        raise InvalidPresentation("A magnified area says by how much.", attribute="magnification")
    corners = (*area.top_left, *area.bottom_right)
    if any(abs(value) > 1 << 30 for value in corners):
        raise InvalidPresentation("The displayed area is far outside the image.", attribute="displayed_area")
    if area.bottom_right[0] <= area.top_left[0] or area.bottom_right[1] <= area.top_left[1]:
        raise InvalidPresentation("The displayed area has no extent.", attribute="displayed_area")


_FEWEST_POINTS: Final = {"point": 1, "circle": 2, "ellipse": 4}


def _check_marks(view: View) -> None:
    for graphic in view.graphics:
        wanted = _FEWEST_POINTS.get(graphic.kind)
        if len(graphic.points) != wanted if wanted is not None else len(graphic.points) < 2:
            raise InvalidPresentation("A graphic has another number of points than its kind.", kind=graphic.kind)
    for words in view.words:
        if words.anchor is None and words.box is None:
            raise InvalidPresentation("Words need an anchor or a box.", attribute="texts")


def _with_known_images(study: StudyAtHand, state: State) -> State:
    """The state with each image as it is referred to. Raises UnknownImage."""
    views = []
    for view in state.views:
        wanted = [(each.series_instance_uid, each.sop_instance_uid, each.frame_numbers) for each in view.images]
        views.append(replace(view, images=tuple(images_of(study, wanted).values())))
    return replace(state, views=tuple(views))


def _as_grey(state: State, models: Sequence[Read], invert: bool) -> tuple[State, Grey] | None:
    """The state with its polarity, and the modality look-up of all the images (PS3.3 C.11.1); None when they are in
    colour. Raises ImagesDiffer, InvalidPresentation.

    A state's own look-up stands instead of the images': without it their values would be shown as stored.
    """
    polarities = {text_of(model, "00280004") or "" for model in models}
    if polarities.isdisjoint(_GREY):
        return None
    if not polarities <= set(_GREY):
        raise ImagesDiffer("A presentation state is for grey images or for colour images; file them one by one.")
    found = [_modality_lut(model) for model in models]
    if len(polarities) > 1 or any(each != found[0] for each in found):
        raise ImagesDiffer("These images turn stored values into others each in its own way; file them one by one.")
    inverse = invert is not (polarities.pop() == _MONOCHROME_1)
    return replace(state, inverse=inverse), Grey(found[0])


def _as_colour(study: StudyAtHand, state: State, uids: Sequence[str], models: Sequence[Read], invert: bool) -> Colour:
    """What the numbers of colour images are: as their own profile says, sRGB where they have none (as they are shown).

    Raises ImagesDiffer, InvalidPresentation.
    """
    if invert or any(view.window is not None or view.lut is not None for view in state.views):
        raise InvalidPresentation(
            "A presentation state of colour images holds no window and no inversion (PS3.3 A.33.2).",
            attribute="invert" if invert else "window",
        )
    profiles = {_own_profile(study, uid, model) for uid, model in zip(uids, models, strict=True)}
    if len(profiles) > 1:
        raise ImagesDiffer("These images have colours each of their own; file them one by one.")
    return Colour(profiles.pop() or srgb_profile())


def _own_profile(study: StudyAtHand, uid: str, model: Read) -> bytes | None:
    """The ICC profile of an image; None when it has none. Raises InvalidPresentation when it cannot be had."""
    said = model.get("00282000")
    if not isinstance(said, Mapping) or not (said.get("InlineBinary") or said.get("BulkDataURI")):
        return None
    found = (
        b64decode(str(said["InlineBinary"]))
        if said.get("InlineBinary")
        else study.binary(uid, str(said["BulkDataURI"]))
    )
    if found is None:
        raise InvalidPresentation("The colour profile of an image cannot be read.", sop_instance_uid=uid)
    return found


def _modality_lut(model: Read) -> Model:
    """Rescale of an image, or of its functional groups. Raises ImagesDiffer, InvalidPresentation."""
    if items_of(model, "00283000"):
        raise InvalidPresentation("This image has a table as modality look-up, which is not copied into a state yet.")
    direct = _rescale(model)
    if direct:
        return direct
    groups = [*items_of(model, "52009229"), *items_of(model, "52009230")]
    transformed = [_rescale(item) for group in groups for item in items_of(group, "00289145")]
    if any(each != transformed[0] for each in transformed):
        raise ImagesDiffer("The frames of this image turn stored values into others each in its own way.")
    return transformed[0] if transformed else {}


def _rescale(model: Read) -> Model:
    intercept, slope = number_of(model, "00281052"), number_of(model, "00281053")
    if intercept is None or slope is None:
        return {}
    kind = text_of(model, "00281054") or "US"
    return dict(zip(_RESCALE, (element("DS", intercept), element("DS", slope), element("LO", kind)), strict=True))


def _raster(model: Read) -> Raster:
    rows, columns = number_of(model, "00280010"), number_of(model, "00280011")
    if rows is None or columns is None:
        raise InvalidPresentation("An image says no size.", sop_instance_uid=text_of(model, "00080018") or "")
    spacing = values_of(model, "00280030") or values_of(model, "00181164")
    good = len(spacing) == 2 and all(isinstance(each, int | float) and each > 0 for each in spacing)
    return Raster(int(rows), int(columns), (float(spacing[0]), float(spacing[1])) if good else None)
