"""Chromium over its debugging pipe, with no driver that asks for more.

A driver that listens to the network makes the page's process keep a copy of the answers, up to 100 MB for each that
listens: what a page needs for itself can only be seen without. (DevTools protocol, --remote-debugging-pipe: JSON, each
message ended by a zero byte.)
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any, Final

from bench.chromium import FLAGS

_PIECE: Final = 1 << 20


class BareBrowser:
    """One page of a browser. pid: of the browser's first process."""

    def __init__(self, process: subprocess.Popen[bytes], asks: int, answers: int) -> None:
        self.pid = process.pid
        self._asks, self._answers, self._left = asks, answers, b""
        self._numbers = count(1)
        self._session = ""
        page = next(one for one in self.call("Target.getTargets")["targetInfos"] if one["type"] == "page")
        self._session = self.call("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """Ask, and wait for the answer. Raises RuntimeError with the browser's words."""
        number = next(self._numbers)
        message: dict[str, object] = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._asks, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") != number:
                continue
            if "error" in answer:
                raise RuntimeError(f"{method}: {answer['error']}")
            return dict(answer["result"])

    def evaluate(self, expression: str) -> Any:
        """The value of an expression in the page; promises are waited for."""
        done = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in done:
            raise RuntimeError(f"{expression[:80]}: {done['exceptionDetails'].get('text')}")
        return done["result"].get("value")

    def wait_for(self, condition: str, within_s: float) -> None:
        """Wait until an expression is true. Raises TimeoutError."""
        end = time.monotonic() + within_s
        while not self.evaluate(f"Boolean({condition})"):
            if time.monotonic() > end:
                raise TimeoutError(f"not within {within_s:g} s: {condition[:120]}")
            time.sleep(0.1)

    def open(self, address: str) -> None:
        """Go to a page and wait for it."""
        self.call("Page.navigate", url=address)
        time.sleep(0.2)
        self.wait_for("document.readyState === 'complete'", 60)

    def click(self, element: str) -> None:
        """Click in the middle of what an expression finds."""
        box = f"(({element}).getBoundingClientRect())"
        x, y = self.evaluate(f"(b => [b.x + b.width / 2, b.y + b.height / 2])({box})")
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._left:
            piece = os.read(self._answers, _PIECE)
            if not piece:
                raise RuntimeError("the browser has ended")
            self._left += piece
        message, self._left = self._left.split(b"\0", 1)
        return dict(json.loads(message))


@contextmanager
def bare_browser(width: int, height: int) -> Iterator[BareBrowser]:
    """A new browser with a profile of its own; ended with the block."""
    profile = tempfile.mkdtemp(prefix="bench-profile-")
    to_browser, from_browser = os.pipe(), os.pipe()
    process = _start(profile, (width, height), to_browser[0], from_browser[1])
    os.close(to_browser[0])
    os.close(from_browser[1])
    try:
        yield BareBrowser(process, to_browser[1], from_browser[0])
    finally:
        process.terminate()
        process.wait(20)
        os.close(to_browser[1])
        os.close(from_browser[0])
        shutil.rmtree(profile, ignore_errors=True)


def _start(profile: str, size: tuple[int, int], asks: int, answers: int) -> subprocess.Popen[bytes]:
    # The browser reads what it is asked at 3 and writes its answers to 4, whatever numbers they have here.
    shell = f'exec chromium "$@" 3<&{asks} 4>&{answers}'
    window = f"--window-size={size[0]},{size[1]}"
    arguments = ("--headless", *FLAGS, window, f"--user-data-dir={profile}", "--remote-debugging-pipe", "about:blank")
    command = ["bash", "-c", shell, "chromium", *arguments]
    return subprocess.Popen(command, pass_fds=(asks, answers), stderr=subprocess.DEVNULL)
