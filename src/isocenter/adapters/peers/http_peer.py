"""HTTP requests to another archive: a connection per thread, bounded answers, credentials kept out of sight."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from isocenter.domain.migration.errors import NotGiven, SourceAway, SourceMisbehaves, SourceRefuses

TIMEOUT_S = 120.0
JSON_BYTES = 256 << 20
_CHUNK_BYTES = 1 << 20
_WAIT = (408, 425, 429, 500, 502, 503, 504)


class HttpPeer:
    """One base address. credentials: "user:password" or a bearer token without a colon. Safe for threads.

    Redirects are not followed: credentials would follow them.
    """

    def __init__(self, base_url: str, credentials: str | None = None, *, timeout_s: float = TIMEOUT_S) -> None:
        """Raises SourceMisbehaves for an address that is none, or that holds a password."""
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SourceMisbehaves("The address must begin with http:// or https:// and name a host.")
        if parts.username or parts.password:
            raise SourceMisbehaves("A password in an address is seen by everyone; use --credentials FILE instead.")
        self.base_url = base_url.rstrip("/")
        self._parts = parts
        self._path = parts.path.rstrip("/")
        self._authorization = _authorization(credentials)
        self._timeout_s = timeout_s
        self._local = threading.local()
        self._connections: list[http.client.HTTPConnection] = []

    @contextmanager
    def get(self, path: str, accept: str = "application/json") -> Iterator[http.client.HTTPResponse]:
        """GET below the base address; 200 and 206 only. The body is read inside the context.

        Raises SourceAway, SourceRefuses (401, 403), NotGiven (404, 410), SourceMisbehaves (anything else).
        """
        connection = self._connection()
        try:
            answer = self._asked(connection, path, accept)
            yield answer
            if not answer.isclosed():
                answer.read(1)  # what is left unread would be taken for the next answer
            if not answer.isclosed():
                connection.close()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise SourceAway(f"{self.base_url} does not answer or breaks off ({type(error).__name__}).") from None
        except BaseException:
            connection.close()
            raise

    def json(self, path: str, accept: str = "application/json") -> Any:
        """The JSON that is answered; None for 204."""
        with self.get(path, accept) as answer:
            if answer.status == 204:
                return None
            body = answer.read(JSON_BYTES + 1)
        if len(body) > JSON_BYTES:
            raise SourceMisbehaves("The source answers with more than is read.", limit_bytes=JSON_BYTES)
        try:
            return json.loads(body)
        except ValueError:
            raise SourceMisbehaves("The source answers something that is not JSON.", path=path) from None

    def close(self) -> None:
        """Close all connections."""
        for connection in self._connections:
            connection.close()

    def _asked(self, connection: http.client.HTTPConnection, path: str, accept: str) -> http.client.HTTPResponse:
        headers = {"Accept": accept, "User-Agent": "Isocenter"} | self._authorization
        for again in (True, False):
            fresh = connection.sock is None
            try:
                connection.request("GET", f"{self._path}{path}", headers=headers)
                answer = connection.getresponse()
            except (ConnectionError, http.client.RemoteDisconnected, http.client.CannotSendRequest):
                connection.close()
                if fresh or not again:
                    raise
                continue  # the peer closed the connection that we kept: once more with a new one
            _check(answer, path)
            return answer
        raise AssertionError("the second attempt returns or raises")

    def _connection(self) -> http.client.HTTPConnection:
        known: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if known is not None:
            return known
        host, port = self._parts.hostname or "", self._parts.port
        made: http.client.HTTPConnection
        if self._parts.scheme == "https":
            made = http.client.HTTPSConnection(
                host, port, timeout=self._timeout_s, context=ssl.create_default_context()
            )
        else:
            made = http.client.HTTPConnection(host, port, timeout=self._timeout_s)
        self._local.connection = made
        self._connections.append(made)
        return made


def chunks_of(answer: http.client.HTTPResponse) -> Iterator[bytes]:
    """The body, a MiB at a time. Raises http.client.IncompleteRead for one that breaks off."""
    left = answer.length
    while chunk := answer.read(_CHUNK_BYTES):
        if left is not None:
            left -= len(chunk)
        yield chunk
    if left:
        raise http.client.IncompleteRead(b"", left)


def _check(answer: http.client.HTTPResponse, path: str) -> None:
    if answer.status in (200, 204, 206):
        return
    status = answer.status
    answer.close()
    if status in (401, 403):
        raise SourceRefuses("The source does not let us in; give credentials with --credentials FILE.", status=status)
    if status in (404, 410):
        raise NotGiven("The source has no such thing.", status=status, path=path)
    if status in _WAIT:
        raise SourceAway("The source cannot answer now.", status=status, path=path)
    raise SourceMisbehaves("The source answers in a way that is not understood.", status=status, path=path)


def _authorization(credentials: str | None) -> dict[str, str]:
    if not credentials:
        return {}
    if ":" in credentials:
        return {"Authorization": "Basic " + base64.b64encode(credentials.encode()).decode()}
    return {"Authorization": f"Bearer {credentials}"}
