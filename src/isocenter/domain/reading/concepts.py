"""The coded concepts that measurements are filed with and read by: PS3.16 (DCM), SNOMED CT, and ours where those have
no word. The older SNOMED RT codes are read, never written.
"""

from __future__ import annotations

from typing import Final

Concept = tuple[str, str, str]
"""Code value, coding scheme, meaning."""
OURS: Final = "99ISOCENTER"

IMAGING_MEASUREMENT_REPORT: Final = ("126000", "DCM", "Imaging Measurement Report")
IMAGING_MEASUREMENTS: Final = ("126010", "DCM", "Imaging Measurements")
MEASUREMENT_GROUP: Final = ("125007", "DCM", "Measurement Group")
TRACKING_IDENTIFIER: Final = ("112039", "DCM", "Tracking Identifier")
TRACKING_UID: Final = ("112040", "DCM", "Tracking Unique Identifier")
FINDING: Final = ("121071", "DCM", "Finding")
FINDING_SITE: Final = ("363698007", "SCT", "Finding Site")
IMAGE_REGION: Final = ("111030", "DCM", "Image Region")
SHORT_LABEL: Final = ("125309", "DCM", "Short Label")
COMMENT: Final = ("121106", "DCM", "Comment")
DERIVATION: Final = ("121401", "DCM", "Derivation")
LANGUAGE: Final = ("121049", "DCM", "Language of Content Item and Descendants")
OBSERVER_TYPE: Final = ("121005", "DCM", "Observer Type")
PERSON: Final = ("121006", "DCM", "Person")
OBSERVER_NAME: Final = ("121008", "DCM", "Person Observer Name")
PROCEDURE_REPORTED: Final = ("121058", "DCM", "Procedure reported")
IMAGING_PROCEDURE: Final = ("363679005", "SCT", "Imaging procedure")
HORIZONTAL_SPACING: Final = ("111026", "DCM", "Horizontal Pixel Spacing")
VERTICAL_SPACING: Final = ("111066", "DCM", "Vertical Pixel Spacing")

TOOL: Final = ("tool", OURS, "Tool of the viewer")
SPACING_SOURCE: Final = ("spacing-source", OURS, "Where millimetres came from")
CALIBRATED_BY: Final = ("calibrated-by", OURS, "Measurement that the calibration was taken from")
CREATED: Final = ("created", OURS, "Drawn first at (UTC)")
MODIFIED: Final = ("modified", OURS, "Changed last at (UTC)")

LANGUAGES: Final[dict[str, Concept]] = {
    "en": ("en", "RFC5646", "English"),
    "zh-CN": ("zh-CN", "RFC5646", "Chinese (Simplified)"),
}
TOOLS: Final[dict[str, str]] = {
    "length": "Length",
    "angle": "Angle",
    "cobb": "Cobb angle",
    "bidirectional": "Two diameters",
    "ellipse": "Ellipse",
    "rectangle": "Rectangle",
    "freehand": "Free-hand region",
    "arrow": "Arrow",
    "text": "Text",
    "probe": "Value at a point",
    "ultrasound-region-length": "Distance in an ultrasound region",
    "ultrasound-region-probe": "Value in an ultrasound region",
    "cardiothoracic-ratio": "Cardiothoracic ratio",
    "calibration": "Known length",
}
SPACING_SOURCES: Final[dict[str, str]] = {
    "pixel-spacing": "Pixel Spacing",
    "imager": "Imager Pixel Spacing, at the detector",
    "imager-magnification-corrected": "Imager Pixel Spacing, corrected by the magnification",
    "calibrated": "Pixel Spacing, calibrated",
    "ultrasound-region": "Ultrasound region",
    "user-calibration": "Set by the reader from a known length",
    "none": "Unknown; lengths are in pixels",
}
REGIONS: Final = frozenset({"ellipse", "rectangle", "freehand"})

_LENGTH: Final = ("410668003", "SCT", "Length")
_LONG_AXIS: Final = ("103339001", "SCT", "Long axis")
_SHORT_AXIS: Final = ("103340004", "SCT", "Short axis")
_ANGLE: Final = ("1483009", "SCT", "Angle")
_COBB: Final = ("285285000", "SCT", "Cobb angle")
_QUANTITIES: Final[dict[str, Concept]] = {
    "length": _LENGTH,
    "short-axis": _SHORT_AXIS,
    "angle": _ANGLE,
    "area": ("42798000", "SCT", "Area"),
    "perimeter": ("131191004", "SCT", "Perimeter"),
    "ratio": ("ratio", OURS, "Cardiothoracic ratio"),
    "heart-width": ("heart-width", OURS, "Width of the heart"),
    "thorax-width": ("thorax-width", OURS, "Inner width of the thorax"),
    "time": ("103335007", "SCT", "Duration"),
    "velocity": ("velocity", OURS, "Velocity"),
    "frequency": ("frequency", OURS, "Frequency"),
    "pixel-count": ("pixel-count", OURS, "Number of pixels"),
}
_DERIVATIONS: Final[dict[str, Concept]] = {
    "mean": ("373098007", "SCT", "Mean"),
    "sd": ("386136009", "SCT", "Standard Deviation"),
    "min": ("255605001", "SCT", "Minimum"),
    "max": ("56851009", "SCT", "Maximum"),
}
_PIXEL_VALUE: Final = ("pixel-value", OURS, "Pixel value")
_PIXEL_VALUES: Final[dict[str, Concept]] = {
    "[hnsf'U]": ("112031", "DCM", "Attenuation Coefficient"),
    "g/ml{SUVbw}": ("126401", "DCM", "SUVbw"),
    "g/ml{SUVlbm}": ("126405", "DCM", "SUVlbm(Janma)"),
    "cm2/ml{SUVbsa}": ("126403", "DCM", "SUVbsa"),
}
_READ_AS_VALUE: Final = frozenset(
    {
        *(each[:2] for each in (*_PIXEL_VALUES.values(), _PIXEL_VALUE)),
        *((str(number), "DCM") for number in range(126400, 126407)),  # every SUV there is
        ("110852", "DCM"),  # MR signal intensity
    }
)
_UNITS: Final = {
    "mm": "millimeter",
    "mm2": "square millimeter",
    "cm": "centimeter",
    "cm2": "square centimeter",
    "deg": "degree",
    "[hnsf'U]": "Hounsfield unit",
    "g/ml{SUVbw}": "Standardized Uptake Value body weight",
    "g/ml{SUVlbm}": "Standardized Uptake Value lean body mass",
    "cm2/ml{SUVbsa}": "Standardized Uptake Value body surface area",
    "{pixels}": "pixels",
    "{pixels}2": "square pixels",
    "1": "no units",
    "s": "second",
    "ms": "millisecond",
    "cm/s": "centimeter per second",
    "Hz": "hertz",
}
_READ_AS: Final[dict[tuple[str, str], str]] = {
    **{concept[:2]: quantity for quantity, concept in _QUANTITIES.items()},
    _LONG_AXIS[:2]: "length",
    _COBB[:2]: "angle",
    ("81827009", "SCT"): "length",  # diameter
    ("G-D7FE", "SRT"): "length",
    ("G-A185", "SRT"): "length",  # long axis
    ("G-A186", "SRT"): "short-axis",
    ("M-02550", "SRT"): "length",  # diameter
    ("G-A166", "SRT"): "area",
    ("131184002", "SCT"): "area",  # of a defined region
    ("110859", "DCM"): "angle",
}
_DERIVED_AS: Final[dict[tuple[str, str], str]] = {
    **{concept[:2]: quantity for quantity, concept in _DERIVATIONS.items()},
    ("R-00317", "SRT"): "mean",
    ("R-10047", "SRT"): "sd",
    ("R-404FB", "SRT"): "min",
    ("G-A437", "SRT"): "max",
    ("113061", "DCM"): "sd",
}


def concept_of(kind: str, quantity: str, unit: str) -> tuple[Concept, Concept | None]:
    """The name of a number, and its derivation if it has one (PS3.16 TID 1419, CID 7464)."""
    if quantity in _DERIVATIONS:
        return _PIXEL_VALUES.get(unit, _PIXEL_VALUE), _DERIVATIONS[quantity]
    if quantity == "value":
        return _PIXEL_VALUES.get(unit, _PIXEL_VALUE), None
    if (kind, quantity) == ("bidirectional", "length"):
        return _LONG_AXIS, None
    if (kind, quantity) == ("cobb", "angle"):
        return _COBB, None
    return _QUANTITIES[quantity], None


def quantity_of(name: Concept | None, derivation: Concept | None) -> str | None:
    """The quantity that a number of a report is, None when we have no word for it."""
    if name is None:
        return None
    known = _READ_AS.get(name[:2])
    if derivation is not None:
        return _DERIVED_AS.get(derivation[:2]) if known is None else None
    if known is None and name[:2] in _READ_AS_VALUE:
        return "value"
    return known


def unit_of(unit: str) -> Concept:
    """A UCUM unit as a code."""
    return unit, "UCUM", _UNITS.get(unit, unit)
