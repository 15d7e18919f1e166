"""The Retrieve Capabilities transaction (PS3.18 8.9, Annex H): what this service has, as a WADL document."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from isocenter.adapters.dicomweb.answers import Answer
from isocenter.adapters.dicomweb.negotiation import (
    DICOM,
    DICOM_JSON,
    DICOM_XML,
    FRAME_MEDIA_TYPES,
    MULTIPART,
    OCTET_STREAM,
    ZIP,
    choose,
)
from isocenter.adapters.dicomweb.rendered_rs import PICTURE_TYPES
from isocenter.adapters.dicomweb.requests import DicomwebRequest

WADL: Final = "application/vnd.sun.wadl+xml"
NAMESPACE: Final = "http://wadl.dev.java.net/2009/02"
_NAMES: Final = ("{StudyInstanceUID}", "{SeriesInstanceUID}", "{SOPInstanceUID}", "{FrameList}")
_LEVELS: Final = ("", "Study", "Series", "Instance", "Frames")
_PARTS: Final = {"metadata": "Metadata", "thumbnail": "Thumbnail", "bulkdata": "Bulkdata", "pixeldata": "PixelData"}
_DESCRIBED: Final = (DICOM_JSON, f'{MULTIPART}; type="{DICOM_XML}"')
_OBJECTS: Final = (f'{MULTIPART}; type="{DICOM}"', f'{MULTIPART}; type="{DICOM}"; transfer-syntax=*', DICOM, ZIP)
_VALUES: Final = (f'{MULTIPART}; type="{OCTET_STREAM}"', OCTET_STREAM)
_IMAGES: Final = tuple(dict.fromkeys(f'{MULTIPART}; type="{each}"' for each in FRAME_MEDIA_TYPES.values()))
_STORED: Final = tuple(f'{MULTIPART}; type="{each}"' for each in (DICOM, DICOM_JSON, DICOM_XML))
_SEARCH: Final = ("limit", "offset", "fuzzymatching", "includefield")
_PICTURE: Final = ("viewport", "window", "quality", "annotation", "iccprofile")
_URI: Final = (
    "requestType", "studyUID", "seriesUID", "objectUID", "contentType", "transferSyntax", "frameNumber", "rows",
    "columns", "region", "windowCenter", "windowWidth", "imageQuality", "annotation",
)  # fmt: skip
_SUCCESS: Final = {"SearchFor": "200 204", "Store": "200 202 409", "Delete": "202"}


def capabilities(request: DicomwebRequest, resources: Iterable[tuple[str, str]]) -> Answer:
    """OPTIONS on the service or one of its resources. resources: (method, resource), as the router has them."""
    media_type = choose(request.accept(), [WADL, "application/xml", "text/xml"])
    known = sorted(resources)
    body = wadl(known, request.base_url())
    asked = "/".join(word if index % 2 == 0 else "*" for index, word in enumerate(request.segments))
    allowed = {method for method, resource in known if resource in (asked, "") or not asked}
    allow = ", ".join(sorted(allowed | ({"HEAD"} if "GET" in allowed else set())))
    return Answer(media_type=media_type.encode(), body=body, headers=[(b"allow", allow.encode())])


def wadl(resources: Iterable[tuple[str, str]], base_url: str) -> bytes:
    """The document: resources inside each other as their paths are."""
    ElementTree.register_namespace("", NAMESPACE)
    root = Element(f"{{{NAMESPACE}}}application")
    nodes: dict[tuple[str, ...], Element] = {(): _sub(root, "resources", base=base_url + "/")}
    for method, resource in resources:
        if resource:  # what is asked here does not describe itself
            _method(_node(nodes, tuple(resource.split("/"))), method, resource.split("/"))
    ElementTree.indent(root)
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _sub(parent: Element, tag: str, /, **attributes: str) -> Element:
    return SubElement(parent, f"{{{NAMESPACE}}}{tag}", attributes)


def _node(nodes: dict[tuple[str, ...], Element], words: tuple[str, ...]) -> Element:
    if words not in nodes:
        parent = _node(nodes, words[:-1])
        name = _NAMES[words[:-1].count("*")] if words[-1] == "*" else words[-1]
        nodes[words] = _sub(parent, "resource", path=name)
    return nodes[words]


def _method(node: Element, method: str, words: Sequence[str]) -> None:
    identifier = _identifier(method, words)
    described = _sub(node, "method", name=method, id=identifier)
    request, offers = _sub(described, "request"), _offers(identifier, words)
    accept = _sub(request, "param", name="Accept", style="header", default=offers[0])
    for offer in offers:
        _sub(accept, "option", value=offer)
    for name in _query(identifier):
        _sub(request, "param", name=name, style="query")
    if method == "POST":
        for media_type in (*_STORED, DICOM, DICOM_JSON, DICOM_XML):
            _sub(request, "representation", mediaType=media_type)
    status = next((status for verb, status in _SUCCESS.items() if identifier.startswith(verb)), "200")
    response = _sub(described, "response", status=status)
    for offer in offers:
        _sub(response, "representation", mediaType=offer)


def _identifier(method: str, words: Sequence[str]) -> str:
    """The transaction in the words of Table H-1."""
    level, last = _LEVELS[words.count("*")], words[-1]
    if method == "POST":
        return f"Store{level}Instances"
    if method == "DELETE":
        return f"Delete{level}"
    if last in ("studies", "series", "instances"):
        return f"SearchFor{''.join(_LEVELS[1 : words.count('*') + 1])}{last.capitalize()}"
    if last == "rendered":
        return f"RetrieveRendered{level}"
    return "RetrieveByURI" if last == "wado" else f"Retrieve{level}{_PARTS.get(last, '')}"


def _offers(identifier: str, words: Sequence[str]) -> Sequence[str]:
    if identifier.startswith("SearchFor") or identifier.endswith("Metadata"):
        return _DESCRIBED
    if identifier.startswith("Store"):
        return (DICOM_JSON, DICOM_XML)
    if identifier.startswith("Delete"):
        return ("application/json",)
    if words[-1] in ("rendered", "thumbnail"):
        return PICTURE_TYPES
    if words[-1] == "wado":
        return (*PICTURE_TYPES, DICOM)
    if words[-1] in ("bulkdata", "pixeldata"):
        return _VALUES
    return (*_VALUES, *_IMAGES) if "frames" in words else _OBJECTS


def _query(identifier: str) -> Sequence[str]:
    if identifier.startswith("SearchFor"):
        return _SEARCH
    if identifier.startswith("RetrieveRendered"):
        return _PICTURE
    return _URI if identifier == "RetrieveByURI" else ("viewport",) if identifier.endswith("Thumbnail") else ()
