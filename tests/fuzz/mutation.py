"""Changed bytes: what a careless or a hostile sender makes of a good message."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

INTERESTING = (
    b"\0",
    b"\xff",
    b"\xff\xff\xff\xff",
    b"\0\0\0\0",
    b"\xfe\xff\x00\xe0",
    b"\xfe\xff\x0d\xe0\0\0\0\0",
    b"\xfe\xff\xdd\xe0\0\0\0\0",
    b"SQ\0\0\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\r\n--b-o-u-n-d",
    b"\x1b$B",
    b"\x1b$)A",
    b"%00",
    b"..",
    b";1",
)
MOST_BYTES = 1 << 16


def mutated(random: Random, corpus: Sequence[bytes]) -> bytes:
    """One entry of the corpus with one to eight changes."""
    data = bytearray(random.choice(corpus))
    for _ in range(random.randint(1, 8)):
        _change(random, data, corpus)
    return bytes(data[:MOST_BYTES])


def _change(random: Random, data: bytearray, corpus: Sequence[bytes]) -> None:
    at = random.randint(0, len(data))
    kind = random.randrange(7)
    if kind == 0 and data:
        data[at % len(data)] ^= 1 << random.randrange(8)
    elif kind == 1 and data:
        data[at % len(data)] = random.randrange(256)
    elif kind == 2:
        data[at:at] = random.choice(INTERESTING)
    elif kind == 3:
        found = random.choice(INTERESTING)
        data[at : at + len(found)] = found
    elif kind == 4:
        del data[at : at + random.randint(1, 16)]
    elif kind == 5:
        length = random.randint(1, 64)
        data[at:at] = data[at : at + length] * random.randint(1, 4)
    else:
        other = random.choice(corpus)
        begin = random.randint(0, len(other))
        data[at:] = other[begin : begin + random.randint(1, 512)]
