"""The real Swift of the tests (bench/swift.py): where it is not installed they are skipped, and fail in CI."""

from __future__ import annotations

import os

import pytest
from bench.swift import CREDENTIALS as CREDENTIALS
from bench.swift import Swift as Swift
from bench.swift import store_url as store_url

from bench import swift


def start_swift() -> Swift:
    """A running server with an empty bucket."""
    try:
        return swift.start_swift()
    except swift.SwiftMissingError as missing:
        if os.environ.get("CI"):
            pytest.fail(str(missing))
        pytest.skip(str(missing))
