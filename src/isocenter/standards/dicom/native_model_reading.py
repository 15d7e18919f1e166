"""The DICOM JSON model (PS3.18 Annex F) from the Native DICOM Model in XML (PS3.19 A.1), of whoever wrote it.

Private elements get blocks of their own, in the order in which their creators appear.
"""

from __future__ import annotations

from typing import Any, Final, NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from isocenter.kit.errors import Invalid
from isocenter.standards.dicom.data_dictionary import vr_of
from isocenter.standards.dicom.native_model import NAME_PARTS, is_private
from isocenter.standards.dicom.person_name import COMPONENT_GROUPS

MAX_DEPTH: Final = 200
"""Of XML elements: three for each sequence within a sequence."""
MAX_NODES: Final = 1_000_000
_INTEGERS: Final = frozenset({"US", "SS", "UL", "SL", "SV", "UV"})
_FLOATS: Final = frozenset({"FL", "FD"})
_FIRST_BLOCK: Final = 0x10
_LAST_BLOCK: Final = 0xFF
_HEXADECIMAL: Final = frozenset("0123456789ABCDEFabcdef")
_OURS: Final = {"XS": "US", "LU": "OW"}

JsonModel = dict[str, dict[str, Any]]


class NotNativeModel(Invalid):
    """The document is no Native DICOM Model."""

    reason = "not-native-model"


def read_native_model(document: bytes) -> JsonModel:
    """The data set of one document; values as their VR has them in JSON. Raises NotNativeModel."""
    root = _Reading().tree(document)
    if root.tag != "NativeDicomModel":
        raise NotNativeModel("The document element is not NativeDicomModel.", found=root.tag[:64])
    return _data_set(root)


class _Reading:
    """One pass of the parser, which knows no document types, and so no entities but those of XML itself."""

    def __init__(self) -> None:
        self._builder = TreeBuilder()
        self._depth = self._nodes = 0

    def tree(self, document: bytes) -> Element:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse_document_type
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._builder.data
        try:
            parser.Parse(document, True)
        except expat.ExpatError as error:
            raise NotNativeModel("The document is not well-formed XML.", line=error.lineno, code=error.code) from None
        return self._builder.close()

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._nodes += 1
        if self._depth > MAX_DEPTH or self._nodes > MAX_NODES:
            raise NotNativeModel("The document is nested too deep or holds too much.", limit=MAX_NODES)
        self._builder.start(name.rpartition(" ")[2], attributes)

    def _end(self, name: str) -> None:
        self._depth -= 1
        self._builder.end(name.rpartition(" ")[2])

    @staticmethod
    def _refuse_document_type(*_: object) -> NoReturn:
        raise NotNativeModel("A document type is not read.")


def _data_set(node: Element) -> JsonModel:
    model: JsonModel = {}
    blocks: dict[tuple[str, str], int] = {}
    for attribute in node:
        if attribute.tag != "DicomAttribute":
            raise NotNativeModel("A data set holds something that is not a DicomAttribute.", found=attribute.tag[:64])
        tag = attribute.get("tag", "").upper()
        if len(tag) != 8 or not _HEXADECIMAL.issuperset(tag):
            raise NotNativeModel("A tag is not eight hexadecimal digits.", found=tag[:64])
        creator = attribute.get("privateCreator")
        if creator is not None and is_private(tag):
            tag = f"{tag[:4]}{_block(model, blocks, tag[:4], creator):02X}{tag[6:]}"
        known = vr_of(int(tag, 16))
        vr = attribute.get("vr") or _OURS.get(known, known)
        model[tag] = {"vr": vr, **_content(attribute, vr, tag)}
    return model


def _block(model: JsonModel, blocks: dict[tuple[str, str], int], group: str, creator: str) -> int:
    """The block that the creator has in the group, reserved when it is seen for the first time (PS3.5 7.8.1)."""
    if (group, creator) not in blocks:
        taken = {block for (other, _), block in blocks.items() if other == group}
        block = next((each for each in range(_FIRST_BLOCK, _LAST_BLOCK + 1) if each not in taken), None)
        if block is None:
            raise NotNativeModel("A group has more private creators than blocks.", group=group)
        blocks[group, creator] = block
        model[f"{group}00{block:02X}"] = {"vr": "LO", "Value": [creator]}
    return blocks[group, creator]


def _content(attribute: Element, vr: str, tag: str) -> dict[str, Any]:
    values: list[Any] = []
    for child in attribute:
        if child.tag == "BulkData":
            return {"BulkDataURI": child.get("uri") or child.get("uuid") or ""}
        if child.tag == "InlineBinary":
            return {"InlineBinary": "".join((child.text or "").split())}
        if child.tag == "Item":
            value: Any = _data_set(child)
        elif child.tag == "PersonName":
            value = _name(child)
        elif child.tag == "Value":
            value = _value(child.text or "", vr, tag)
        else:
            raise NotNativeModel("An attribute holds something unknown.", tag=tag, found=child.tag[:64])
        _put(values, child.get("number"), value, tag)
    return {"Value": values} if values else {}


def _put(values: list[Any], number: str | None, value: Any, tag: str) -> None:
    """At its number, those before it that are not there being empty."""
    place = int(number) if number is not None and number.isascii() and number.isdigit() else len(values) + 1
    if not len(values) < place <= len(values) + MAX_DEPTH:
        raise NotNativeModel("The numbers of values do not rise.", tag=tag)
    values += [None] * (place - 1 - len(values))
    values.append(value)


def _name(node: Element) -> dict[str, str]:
    groups = {group: node.find(group) for group in COMPONENT_GROUPS}
    return {
        group: "^".join((found.findtext(part) or "") for part in NAME_PARTS).rstrip("^")
        for group, found in groups.items()
        if found is not None
    }


def _value(text: str, vr: str, tag: str) -> Any:
    try:
        if vr in _INTEGERS:
            return int(text)
        return float(text) if vr in _FLOATS else text
    except ValueError:
        raise NotNativeModel("A value is no number.", tag=tag, vr=vr) from None
