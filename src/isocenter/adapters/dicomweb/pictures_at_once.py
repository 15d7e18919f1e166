"""One rendered picture, answered by the connection (see `at_once`): at hand, or drawn now in a millisecond."""

from __future__ import annotations

from urllib.parse import parse_qsl

from isocenter.adapters.dicomweb.answers import COMMON_LINES
from isocenter.adapters.dicomweb.frames_at_once import frame_index
from isocenter.adapters.dicomweb.rendered_rs import PICTURE_LINES, picture_type
from isocenter.delivery.library import Library
from isocenter.delivery.rendered import Subject, picture_at_hand, picture_etag
from isocenter.delivery.rendering import rendering_of
from isocenter.delivery.study_view import InstanceView, StudyView

PARAMETERS = frozenset({"window", "viewport", "quality"})
MOST_QUERY_CHARACTERS = 400


def picture_at_once(
    library: Library, view: StudyView, instance: InstanceView, path: str, accept: str, query: str, *, decoding: bool
) -> tuple[bytes, tuple[bytes, ...]] | None:
    """path: "rendered" or "frames/{one number}/rendered". decoding: as `picture_at_hand`. Raises BadRendering,
    NotAcceptable."""
    words = parse_qsl(query, keep_blank_values=True) if len(query) <= MOST_QUERY_CHARACTERS else None
    index = instance.number_of_frames // 2
    if path != "rendered":
        named = frame_index(path.removeprefix("frames/").removesuffix("/rendered"))
        index = -1 if named is None else named
    if words is None or not PARAMETERS.issuperset(name for name, _ in words) or index < 0:
        return None
    media_type, several = picture_type(accept, multipart=True)
    if several:
        return None
    rendering = rendering_of(words, media_type)
    subject = Subject(instance, index)
    etag = picture_etag(view.institution_id, subject, rendering)
    picture = picture_at_hand(library, view.institution_id, subject, rendering, etag, decoding=decoding)
    if picture is None:
        return None
    kind = media_type.encode("ascii")
    lines = b"content-length: %d\r\ncontent-type: %s\r\n%setag: %s\r\n%s"
    return lines % (len(picture), kind, COMMON_LINES, etag, PICTURE_LINES), (picture,)
