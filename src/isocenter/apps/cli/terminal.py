"""What the commands write with: facts to standard output, everything else to standard error."""

from __future__ import annotations

import json
import sys
from typing import Any

from rich.console import Console

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def complain(sentence: str) -> None:
    """One line on standard error."""
    err.print(f"isocenter: {sentence}", style="red", markup=False)


def tell_json(value: Any) -> None:
    """One JSON document for programs."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str, indent=1) + "\n")
