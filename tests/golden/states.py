"""Presentation states by highdicom: of a colour film (PS3.3 A.33.2), and one that paints greys in colours (A.33.3).

`python -m tests.golden.states` writes tests/golden/states.json. It needs highdicom, which the project does not install:
run it where highdicom is.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from tests.phantoms import objects
from tests.phantoms.cine import a_colour_ultrasound

from isocenter.standards.dicom.srgb_profile import srgb_profile

KEPT_AT = Path(__file__).parent / "states.json"
LINE = [[10.5, 20.25], [30.0, 40.75]]
WORDS, WORDS_AT = "肿块 12 mm", [11.0, 21.0]


def golden() -> dict[str, Any]:
    """Both, as DICOM JSON."""
    import highdicom as hd

    def said(number: int) -> dict[str, Any]:
        return {
            "series_instance_uid": f"2.25.{number}",
            "series_number": number,
            "sop_instance_uid": f"2.25.{number}1",
            "instance_number": 1,
            "manufacturer": "Synthetic",
            "manufacturer_model_name": "golden",
            "software_versions": "1",
            "device_serial_number": "1",
            "content_label": "COLOUR",
            "content_description": "by highdicom",
            # It takes profiles of input devices only (PS3.3 C.11.15), as Little CMS reads them.
            "icc_profile": srgb_profile(),
        }

    [film] = a_colour_ultrasound()
    line = hd.pr.GraphicObject("POLYLINE", np.array(LINE), units="PIXEL")
    words = hd.pr.TextObject(WORDS, units="PIXEL", anchor_point=tuple(WORDS_AT))
    layer = hd.pr.GraphicLayer("MARKS", order=1)
    marks = hd.pr.GraphicAnnotation([film], layer, graphic_objects=[line], text_objects=[words])
    colour = hd.pr.ColorSoftcopyPresentationState(
        [film],
        graphic_annotations=[marks],
        graphic_layers=[layer],
        **said(201),
    )
    table = hd.PaletteColorLUTTransformation(
        *(hd.PaletteColorLUT(0, np.arange(256, dtype=np.uint16), color) for color in ("red", "green", "blue"))
    )
    painted = hd.pr.PseudoColorSoftcopyPresentationState(
        objects.the_stack()[:1], palette_color_lut_transformation=table, **said(202)
    )
    return {"colour": colour.to_json_dict(), "pseudoColour": painted.to_json_dict()}


if __name__ == "__main__":
    KEPT_AT.write_text(json.dumps(golden(), separators=(",", ":"), default=str) + "\n")
