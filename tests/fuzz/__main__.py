"""Fuzz for longer than the tests do: `python -m tests.fuzz [--seconds 60] [--seed N] [TARGET...]`.

Each find is written into the corpus, where every run of the tests replays it until it is mended, and after.
"""

from __future__ import annotations

import argparse
import faulthandler
import logging
import sys
import time
import traceback
from collections.abc import Sequence
from random import Random

import structlog
from tests.fuzz.inputs import entries, keep
from tests.fuzz.mutation import mutated
from tests.fuzz.targets import TARGETS, survives

HANGS_AFTER_S = 20.0


def main(arguments: Sequence[str]) -> int:
    """The exit code: 1 when something was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="All when none is named.")
    parser.add_argument("--seconds", type=float, default=60.0, help="For each target.")
    parser.add_argument("--seed", type=int, default=None, help="For the same inputs again.")
    wanted = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    seed = Random().randrange(2**32) if wanted.seed is None else wanted.seed
    found = [_fuzz(name, wanted.seconds, Random(seed)) for name in wanted.targets or TARGETS]
    sys.stdout.write(f"seed {seed}\n")
    return int(any(found))


def _fuzz(name: str, seconds: float, random: Random) -> bool:
    corpus = list(entries(name).values())
    inputs, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        data = mutated(random, corpus)
        inputs += 1
        faulthandler.dump_traceback_later(HANGS_AFTER_S, exit=True)
        try:
            survives(TARGETS[name], data)
        except Exception:
            sys.stdout.write(f"{name}: {keep(name, data)}\n{traceback.format_exc(limit=-3)}\n")
            return True
        finally:
            faulthandler.cancel_dump_traceback_later()
    sys.stdout.write(f"{name}: {inputs} inputs, nothing found\n")
    return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
