"""The two pages of portable media (IHE RAD TF-2 4.47, Portable Data for Imaging): README.TXT and INDEX.HTM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from isocenter import __version__

_STYLE = "body{font-family:sans-serif;margin:2rem}td,th{padding:.25rem 1rem .25rem 0;text-align:left}"


def readme() -> bytes:
    """What is on the medium and how to read it, in ASCII."""
    lines = (
        "Medical images (DICOM)",
        "",
        "This medium holds DICOM objects in the folder DICOM and a directory of them",
        "in the file DICOMDIR. Open DICOMDIR with any DICOM viewer, or import it into",
        "an archive. INDEX.HTM lists the series.",
        "",
        "Objects are uncompressed (Explicit VR Little Endian); videos and what cannot be",
        "decoded are given as they were received. There is no viewer on this medium.",
        "",
        f"Written by Isocenter {__version__}. It is not a certified medical device: verify",
        "the patient and the completeness of the study before you rely on it.",
        "",
    )
    return "\r\n".join(lines).encode("ascii")


def index_page(data_sets: Sequence[Mapping[str, Any]]) -> bytes:
    """A page that says whose study this is and lists its series. data_sets: DICOM JSON of the instances."""
    series: dict[str, list[Mapping[str, Any]]] = {}
    for data_set in data_sets:
        series.setdefault(_shown(data_set, "0020000E"), []).append(data_set)
    rows = "".join(_row(members[0], len(members)) for members in series.values())
    first = data_sets[0] if data_sets else {}
    about = " · ".join(filter(None, (_shown(first, tag) for tag in ("00100010", "00100020", "00080020", "00081030"))))
    page = (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>DICOM</title>'
        f"<style>{_STYLE}</style></head><body><h1>Medical images (DICOM)</h1><p>{about}</p>"
        "<table><tr><th>Series</th><th>Modality</th><th>Description</th><th>Objects</th></tr>"
        f'{rows}</table><p><a href="DICOMDIR">DICOMDIR</a> · <a href="README.TXT">README.TXT</a></p></body></html>\n'
    )
    return page.encode("utf-8")


def _row(data_set: Mapping[str, Any], count: int) -> str:
    cells = (*(_shown(data_set, tag) for tag in ("00200011", "00080060", "0008103E")), str(count))
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _shown(data_set: Mapping[str, Any], tag: str) -> str:
    values = (data_set.get(tag) or {}).get("Value") or [""]
    value = values[0]
    if isinstance(value, Mapping):
        value = " ".join(str(value[name]) for name in ("Alphabetic", "Ideographic") if value.get(name))
    return escape("" if value is None else str(value))
