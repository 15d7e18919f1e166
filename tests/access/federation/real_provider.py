"""The oidc-provider of npm as a process on loopback, and a person who signs in there without a browser."""

from __future__ import annotations

import json
import select
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx

HERE = Path(__file__).parent
MODULES = HERE.parents[2] / "web" / "node_modules"
TRUSTED = ("127.0.0.0/8",)
_MOST_STEPS = 8
_STARTS, _STARTS_WITHIN_S = 3, 20.0


@contextmanager
def a_provider(
    accounts: dict[str, dict[str, Any]], clients: list[dict[str, Any]], back: str | None = None
) -> Iterator[str]:
    """Its issuer. accounts: claims by subject; clients: as in OpenID Connect Dynamic Client Registration 2.

    back: begin of our redirect address, to which the word of the issuer is added and which all clients get.
    """
    words = json.dumps({"accounts": accounts, "clients": clients, "back": back})
    command = ["node", str(HERE / "provider.mjs"), str(MODULES), words]
    process, issuer = _started(command)
    with process:
        try:
            yield issuer
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(10)


def _started(command: list[str]) -> tuple[subprocess.Popen[str], str]:
    """The process and its issuer. Node, seldom, waits for ever for itself while it makes keys: then another one."""
    for _ in range(_STARTS):
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert process.stdout is not None
        if select.select([process.stdout], [], [], _STARTS_WITHIN_S)[0]:
            issuer = process.stdout.readline().strip()
            assert issuer, "the identity provider did not start; is web/node_modules there?"
            return process, issuer
        process.kill()
        process.communicate()
    raise AssertionError("the identity provider never said where it is")


def signed_in_there(question: str, redirect_uri: str, login: str, *amr: str) -> dict[str, str]:
    """What the browser brings back to the redirect address after the person has answered the provider's page."""
    with httpx.Client() as browser:
        where = question
        for _ in range(_MOST_STEPS):
            if urlsplit(where).path.startswith("/interaction/"):
                where = str(httpx.URL(where, params={"login": login, "amr": list(amr)}))
            answer = browser.get(where)
            assert answer.status_code in (302, 303), answer.text
            where = urljoin(where, answer.headers["location"])
            if where.startswith(redirect_uri):
                return dict(parse_qsl(urlsplit(where).query))
    raise AssertionError("the provider does not come to an end")
