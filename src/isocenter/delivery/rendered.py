"""Pictures for people (PS3.18 10.4.1.1.3): decode, look-up tables, colour, scaling, JPEG or PNG.

Plain grey frames are drawn in the calling thread (`plain_grey`), everything else in a confined process.
A picture is kept under the digest of the object that it shows, so that nothing is thrown away when a study grows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from blake3 import blake3

from isocenter import __version__
from isocenter.delivery.errors import NoPixels, NotDrawable
from isocenter.delivery.frames import SMALL_PIXELS, VIDEO, check_frame
from isocenter.delivery.own_packs import is_ours
from isocenter.delivery.pixels import confined, described, frame_as_read, frame_at_hand, is_small
from isocenter.delivery.plain_grey import drawn, is_large, window_of
from isocenter.delivery.rendering import Rendering
from isocenter.delivery.scaling import fitted
from isocenter.delivery.study_view import InstanceView, SeriesView
from isocenter.pixels.decode import decode_frame
from isocenter.pixels.image_encoding import encode_image
from isocenter.pixels.render import display, render_frame
from isocenter.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN

if TYPE_CHECKING:
    from isocenter.delivery.library import Library


QUICK_TYPES: Final = frozenset({"image/jpeg", "image/png"})


@dataclass(frozen=True, slots=True)
class Subject:
    """What a picture shows: one frame (from 0) of one instance."""

    instance: InstanceView
    frame_index: int


def subject_of(series: Sequence[SeriesView]) -> Subject:
    """The middle instance of the first series that can be drawn. Raises NoPixels when there is none."""
    for one in series:
        drawable = [instance for instance in one.instances if is_drawable(instance)]
        if drawable:
            middle = drawable[len(drawable) // 2]
            return Subject(middle, middle.number_of_frames // 2)
    raise NoPixels("Nothing here has pixels that we can draw.")


def is_drawable(instance: InstanceView) -> bool:
    """Whether a picture of an instance is worth trying."""
    sized = bool(instance.rows and instance.columns)
    return sized and instance.received_syntax_uid not in VIDEO and not instance.without_pixels


def picture_etag(institution_id: int, subject: Subject, rendering: Rendering) -> bytes:
    """A strong entity tag, also the key in the cache: object's digest, frame, how it is drawn, by which version.

    Small pictures of large frames that we recompressed are drawn from a coarser image of the same object.
    """
    instance = subject.instance
    large = is_large(instance.rows or 0, instance.columns or 0)
    coarse = "coarse" if rendering.viewport is not None and large and is_ours(instance.form) else ""
    digest = instance.digest.hex()
    words = (str(institution_id), digest, str(subject.frame_index), repr(rendering), coarse, __version__)
    return b'"%s"' % blake3("\n".join(words).encode()).hexdigest(16).encode("ascii")


def picture_at_hand(
    library: Library, institution_id: int, subject: Subject, rendering: Rendering, etag: bytes, *, decoding: bool
) -> bytes | None:
    """The picture, kept or of a small grey frame in memory, which costs about a millisecond. Never waits.

    decoding: also of frames that we recompressed, which cost three. None: ask `picture_of`. Raises NoPixels for a frame
    that there is not.
    """
    known = library.pictures.get(etag)
    if known is not None:
        return known
    form = library.form_at_hand(institution_id, subject.instance)
    if form is None or not _is_quick(subject.instance, rendering) or (form.encapsulated and not decoding):
        return None
    plain = library.plain_grey_at_hand(institution_id, form)
    if plain is None:
        return None
    frame = frame_at_hand(library, institution_id, subject.instance, form, subject.frame_index)
    picture = None if frame is None else drawn(plain, form, frame, rendering)
    if picture is None:
        return None
    encoded = encode_image(picture, rendering.media_type, rendering.quality)
    library.pictures.put(etag, encoded)
    return encoded


def _is_quick(instance: InstanceView, rendering: Rendering) -> bool:
    viewport = rendering.viewport
    wanted = 0 if viewport is None else viewport.width * viewport.height
    return is_small(instance) and wanted <= SMALL_PIXELS and rendering.media_type in QUICK_TYPES


def picture_of(library: Library, institution_id: int, subject: Subject, rendering: Rendering, etag: bytes) -> bytes:
    """The picture, drawn now and kept by its entity tag. Raises NoPixels, NotDrawable, UndecodableFrame, BytesAway."""
    instance = subject.instance
    form = library.form(institution_id, instance)
    if form.transfer_syntax_uid in VIDEO:
        raise NotDrawable("Videos are not drawn yet; retrieve the object itself.", cause="video")
    check_frame(instance, form, subject.frame_index)
    frame = frame_as_read(library, institution_id, instance, form, subject.frame_index)
    plain = library.plain_grey(institution_id, form)
    drawn_here = None if plain is None else drawn(plain, form, frame, rendering)
    if drawn_here is not None:
        picture = encode_image(drawn_here, rendering.media_type, rendering.quality)
    else:
        header = bytes(library.files.read(form.within(0, form.header_length)))
        asked = (header, form.transfer_syntax_uid, bytes(frame), subject.frame_index, form.encapsulated, rendering)
        picture = confined(library, draw, *asked)
    library.pictures.put(etag, picture)
    return picture


def draw(
    header: bytes, transfer_syntax_uid: str, frame: bytes, frame_index: int, encapsulated: bool, rendering: Rendering
) -> bytes:
    """One picture from a header and the bytes of a frame. Runs in a confined process."""
    model, description = described(header, transfer_syntax_uid)
    pixels = decode_frame(frame, transfer_syntax_uid if encapsulated else EXPLICIT_VR_LITTLE_ENDIAN, description)
    picture = render_frame(pixels, description, display(model, frame_index), window_of(rendering))
    if rendering.viewport is not None:
        picture = fitted(picture, rendering.viewport, upscale=rendering.upscale)
    return encode_image(picture, rendering.media_type, rendering.quality)
