"""The Native DICOM Model in XML (PS3.19 A.1) from the DICOM JSON model (PS3.18 Annex F).

Both say the same of a data set, but for private elements: XML names their creator and not the block that it reserved,
and so leaves out the element that reserves it. Characters that XML 1.0 cannot hold become U+FFFD.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

from isocenter.standards.dicom.person_name import COMPONENT_GROUPS

NAMESPACE: Final = "http://dicom.nema.org/PS3.19/models/NativeDICOM"
NAME_PARTS: Final = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")
_HEAD: Final = f'<?xml version="1.0" encoding="utf-8"?>\n<NativeDicomModel xmlns="{NAMESPACE}" xml:space="preserve">'
_TAIL: Final = "</NativeDicomModel>\n"
_NOT_IN_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_FIRST_BLOCK: Final = 0x10
_LAST_BLOCK: Final = 0xFF

Model = Mapping[str, Mapping[str, Any]]


def native_model(model: Model) -> bytes:
    """The XML document of one data set. model: DICOM JSON, tag as 8 hexadecimal digits → vr and Value, InlineBinary or
    BulkDataURI; a value that is neither text nor number is not looked into.
    """
    out = [_HEAD]
    _data_set(out, model)
    out.append(_TAIL)
    return "".join(out).encode()


def is_private(tag: str) -> bool:
    """Whether the group is odd."""
    return int(tag[3], 16) % 2 == 1


def is_private_creator(tag: str) -> bool:
    """Whether the element reserves a block of private elements (PS3.5 7.8.1)."""
    return is_private(tag) and _FIRST_BLOCK <= int(tag[4:], 16) <= _LAST_BLOCK


def _data_set(out: list[str], model: Model) -> None:
    for tag in sorted(model):
        if not is_private(tag):
            keyword = keyword_of(tag)
            name = f'tag="{tag}"' + (f' keyword="{keyword}"' if keyword else "")
        elif is_private_creator(tag):
            continue
        else:
            name = _private_name(tag, model)
        element = model[tag]
        out.append(f'<DicomAttribute {name} vr="{element["vr"]}">')
        _content(out, element)
        out.append("</DicomAttribute>")


def _private_name(tag: str, model: Model) -> str:
    creators = model.get(f"{tag[:4]}00{tag[4:6]}", {}).get("Value") or ()
    if not creators or not isinstance(creators[0], str):
        return f'tag="{tag}"'  # nobody reserved its block: all that there is to say
    return f'tag="{tag[:4]}00{tag[6:]}" privateCreator={quoteattr(_clean(creators[0]))}'


def _content(out: list[str], element: Mapping[str, Any]) -> None:
    if "BulkDataURI" in element:
        out.append(f"<BulkData uri={quoteattr(_clean(element['BulkDataURI']))}/>")
        return
    if "InlineBinary" in element:
        out.append(f"<InlineBinary>{element['InlineBinary']}</InlineBinary>")
        return
    vr = element["vr"]
    for number, value in enumerate(element.get("Value") or (), 1):
        if vr == "SQ":
            out.append(f'<Item number="{number}">')
            _data_set(out, value or {})
            out.append("</Item>")
        elif value is None:
            continue
        elif vr == "PN":
            groups = "".join(_name_groups(value))
            out.append(f'<PersonName number="{number}">{groups}</PersonName>' if groups else "")
        else:
            out.append(f'<Value number="{number}">{_text(value)}</Value>')


def _name_groups(name: Mapping[str, str]) -> Iterable[str]:
    for group in COMPONENT_GROUPS:
        parts = zip(NAME_PARTS, (name.get(group) or "").split("^", len(NAME_PARTS) - 1), strict=False)
        inside = "".join(f"<{part}>{_text(text)}</{part}>" for part, text in parts if text)
        if inside:
            yield f"<{group}>{inside}</{group}>"


def _text(value: Any) -> str:
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    # A reader of XML turns CR into LF unless it is written so.
    return escape(_clean(str(value)), {"\r": "&#13;"})


def _clean(text: str) -> str:
    return _NOT_IN_XML.sub("\ufffd", text)


@lru_cache(maxsize=8192)
def keyword_of(tag: str) -> str:
    """The keyword of PS3.6, "" for an element that is not in it."""
    from pydicom.datadict import keyword_for_tag  # loaded when XML is asked for the first time

    return keyword_for_tag(int(tag, 16))
