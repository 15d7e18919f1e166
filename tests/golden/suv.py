"""Standardised uptake values by published formulas, written anew here: what web/src/measuring/suv.ts must give.

`python -m tests.golden.suv <folder of a PET series>` writes web/src/measuring/golden/suv.json. The header of one real
image is the base (GE Discovery STE, FDG, CC-Tumor-Heterogeneity collection, CC BY 4.0: only what SUV needs, no UIDs);
each case says what it changes. `published` holds the factor that QIICR's SUVFactorCalculator filed for the same series
in a Real World Value Mapping object.
Formulas: QIBA vendor-neutral pseudo-code 2018; Janmahasatian, Clin Pharmacokinet 2005;44:1051; DuBois, Arch Intern Med
1916;17:863.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime, timedelta
from math import exp, log
from pathlib import Path
from typing import Any

from pydicom import dcmread
from pydicom.dataset import Dataset

KEPT_AT = Path(__file__).parents[2] / "web/src/measuring/golden/suv.json"
KEYWORDS = [
    *("Modality", "PatientSex", "PatientSize", "PatientWeight", "SeriesDate", "SeriesTime", "AcquisitionDate"),
    *("AcquisitionTime", "Units", "CorrectedImage", "DecayCorrection", "FrameReferenceTime", "ActualFrameDuration"),
]
OF_THE_DRUG = ["RadiopharmaceuticalStartTime", "RadionuclideTotalDose", "RadionuclideHalfLife"]
PUBLISHED = {"bw": 2.55764e-4}
"""Their SUVlbm is James's, which we do not offer, and their SUVbsa is in m²·1000."""


def base_header(series: Path) -> Dataset:
    """What SUV needs of the first image of a series."""
    found = dcmread(sorted(series.iterdir())[0], stop_before_pixels=True)
    kept = Dataset()
    for keyword in KEYWORDS:
        if keyword in found:
            kept[keyword] = found[keyword]
    drug = Dataset()
    for keyword in OF_THE_DRUG:
        drug[keyword] = found.RadiopharmaceuticalInformationSequence[0][keyword]
    kept.RadiopharmaceuticalInformationSequence = [drug]
    return kept


def dose_at(header: Dataset, start: datetime) -> float:
    """Bq left of the injected dose."""
    drug = header.RadiopharmaceuticalInformationSequence[0]
    given = datetime.strptime(header.SeriesDate + drug.RadiopharmaceuticalStartTime[:6], "%Y%m%d%H%M%S")
    minutes = (start - given).total_seconds() / 60
    return float(drug.RadionuclideTotalDose) * exp(-log(2) * minutes / (float(drug.RadionuclideHalfLife) / 60))


def body(header: Dataset, kind: str) -> float:
    """g of body or lean mass, cm² of surface."""
    weight, height = float(header.PatientWeight), float(header.get("PatientSize") or 0)
    if kind == "bw":
        return weight * 1e3
    if kind == "bsa":
        return float(weight**0.425 * (100 * height) ** 0.725 * 71.84)
    bmi = weight / (height * height)
    return 9.27e6 * weight / ((6680 + 216 * bmi) if header.PatientSex == "M" else (8780 + 244 * bmi))


def series_start(header: Dataset) -> datetime:
    """What START decay correction refers to."""
    return datetime.strptime(header.SeriesDate + header.SeriesTime[:6], "%Y%m%d%H%M%S")


def changed(header: Dataset, **changes: Any) -> Dataset:
    """A copy with other values; None takes an attribute away."""
    copy = Dataset.from_json(header.to_json())
    for keyword, value in changes.items():
        of = copy.RadiopharmaceuticalInformationSequence[0] if keyword in OF_THE_DRUG else copy
        if value is None:
            delattr(of, keyword)
        else:
            setattr(of, keyword, value)
    return copy


def series_made_later(header: Dataset) -> dict[str, Any]:
    """The series has a time of its own: the start of decay follows from when the count rate was average (C.8.9)."""
    again = changed(header, SeriesTime="190000", FrameReferenceTime="150000")
    half_life_s, frame_s = 6588.0, 300.0
    k = log(2) / half_life_s
    average_s = log(k * frame_s / (1 - exp(-k * frame_s))) / k
    began = datetime(2005, 3, 3, 13, 28, 2) + timedelta(seconds=average_s - 150)
    return case("a series made later", again, "bw", body(again, "bw") / dose_at(again, began))


def right_ones(header: Dataset) -> list[dict[str, Any]]:
    """Headers with the factor that each must give."""
    man = changed(header, PatientSex="M", PatientWeight="92.5", PatientSize="1.83")
    people = [("as it came", header), ("of a man", man)]
    cases = [
        case(f"{kind} {name}", each, kind, body(each, kind) / dose_at(each, series_start(each)))
        for name, each in people
        for kind in ("bw", "lbm", "bsa")
    ]
    admin = changed(header, DecayCorrection="ADMIN")
    gml = changed(header, Units="GML")
    return [
        *cases,
        case("decay corrected to the injection", admin, "bw", body(admin, "bw") / 394092000.0),
        series_made_later(header),
        case("pixels that are SUV", gml, "bw", 1.0),
        case("pixels that are SUV, by surface", gml, "bsa", body(gml, "bsa") / body(gml, "bw")),
        *by_makers(header),
    ]


def by_makers(header: Dataset) -> list[dict[str, Any]]:
    """What GE and Philips keep in private elements."""
    ge = changed(header, SeriesTime="190000")
    ge.private_block(0x0009, "GEMS_PETD_01", create=True).add_new(0x0D, "DT", "20050303132802.00")
    factor = body(ge, "bw") / dose_at(ge, datetime(2005, 3, 3, 13, 28, 2))
    suv = changed(header, Units="CNTS", Manufacturer="Philips")
    suv.private_block(0x7053, "Philips PET Private Group", create=True).add_new(0x00, "DS", "0.000412")
    activity = changed(header, Units="CNTS")
    activity.private_block(0x7053, "Philips PET Private Group", create=True).add_new(0x09, "DS", "1.75")
    counts = 1.75 * body(activity, "bw") / dose_at(activity, series_start(activity))
    return [
        case("GE's own scan time", ge, "bw", factor),
        case("Philips SUV factor", suv, "bw", 0.000412),
        case("Philips activity factor", activity, "bw", counts),
    ]


def refused_ones(header: Dataset) -> list[dict[str, Any]]:
    """Headers from which no SUV follows, with the reason."""
    changes: list[tuple[str, str, dict[str, Any]]] = [
        ("weight", "bw", {"PatientWeight": None}),
        ("weight", "bw", {"PatientWeight": "0"}),
        ("size", "lbm", {"PatientSize": None}),
        ("size", "bsa", {"PatientSize": "157"}),
        ("sex", "lbm", {"PatientSex": "O"}),
        ("dose", "bw", {"RadionuclideTotalDose": None}),
        ("half-life", "bw", {"RadionuclideHalfLife": None}),
        ("injection-time", "bw", {"RadiopharmaceuticalStartTime": None}),
        ("decay", "bw", {"DecayCorrection": "NONE"}),
        ("decay", "bw", {"CorrectedImage": ["ATTN"]}),
        ("attenuation", "bw", {"CorrectedImage": ["DECY"]}),
        ("units", "bw", {"Units": "CNTS"}),
        ("decay-reference", "bw", {"SeriesTime": "190000"}),
        ("not-pet", "bw", {"Modality": "NM"}),
    ]
    return [
        {
            "name": f"{reason} {next(iter(change.values()))}",
            "kind": kind,
            "header": changed(header, **change).to_json_dict(),
            "refused": reason,
        }
        for reason, kind, change in changes
    ]


def case(name: str, header: Dataset, kind: str, factor: float) -> dict[str, Any]:
    """One header and what it gives."""
    return {"name": name, "kind": kind, "header": header.to_json_dict(), "factor": factor}


def computed(series: Path) -> dict[str, Any]:
    """The whole file."""
    header = base_header(series)
    return {"published": PUBLISHED, "cases": right_ones(header), "refused": refused_ones(header)}


if __name__ == "__main__":
    KEPT_AT.write_text(json.dumps(computed(Path(sys.argv[1])), separators=(",", ":"), ensure_ascii=False) + "\n")
