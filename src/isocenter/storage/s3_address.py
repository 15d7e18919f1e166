"""Where an S3 store is and how it is spoken to: `s3://bucket/prefix?endpoint=…`, checked before anything is sent.

Options, all after the `?`: `endpoint` (http or https address; without it Amazon's of the region), `region`
(us-east-1), `credentials` (the name of a file in the home's secrets), `timeout` (seconds of silence, 10), `etag`
(`md5`, or `opaque` for a store whose ETags are no MD5), `create` (how a key is created once: `header`; `check` for a
store without If-None-Match; `settle`, see s3_store.py), `style` (`path` or `host`), `ca` (PEM file of a private
authority), `plain` (`yes`: http beyond this machine).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from isocenter.kit.errors import Invalid

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_CHOICES = {
    "etag": ("md5", "opaque"),
    "create": ("header", "check", "settle"),
    "style": ("path", "host"),
    "plain": ("no", "yes"),
}
_OTHERS = ("endpoint", "region", "credentials", "timeout", "ca")


@dataclass(frozen=True, slots=True)
class S3Address:
    """An S3 store. timeout_s: how long it may be silent; md5_etags: what its ETags are; create: see above."""

    bucket: str
    prefix: str = ""
    endpoint: str | None = None
    region: str = "us-east-1"
    credentials: str | None = None
    timeout_s: float = 10.0
    md5_etags: bool = True
    create: str = "header"
    path_style: bool = True
    authority: Path | None = None


def s3_address(url: str) -> S3Address:
    """The address in a URL. Raises Invalid, which names the part that is wrong and never repeats the URL."""
    try:
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query, strict_parsing=True)) if parts.query else {}
    except ValueError as error:
        raise Invalid("This is not the URL of an object store.") from error
    if "@" in parts.netloc:
        raise Invalid("Credentials do not belong into the URL of a store: put them into a file of the home's secrets.")
    prefix = unquote(parts.path).strip("/")
    if _BUCKET.fullmatch(parts.netloc) is None or (prefix and _PREFIX.fullmatch(prefix) is None):
        raise Invalid("The URL of an S3 store begins with s3://bucket or s3://bucket/prefix.")
    _check_options(options)
    return S3Address(
        bucket=parts.netloc,
        prefix=prefix,
        endpoint=_endpoint(options),
        region=options.get("region", "us-east-1"),
        credentials=options.get("credentials"),
        timeout_s=_seconds(options.get("timeout", "10")),
        md5_etags=options.get("etag", "md5") == "md5",
        create=options.get("create", "header"),
        path_style=options.get("style", "path") == "path",
        authority=Path(options["ca"]) if "ca" in options else None,
    )


def _check_options(options: dict[str, str]) -> None:
    for name, value in options.items():
        if name not in _CHOICES and name not in _OTHERS:
            raise Invalid("The URL of a store has an option that is not known.", option=name[:40])
        if name in _CHOICES and value not in _CHOICES[name]:
            raise Invalid("An option in the URL of a store is one of these.", option=name, values=_CHOICES[name])


def _endpoint(options: dict[str, str]) -> str | None:
    text = options.get("endpoint")
    if text is None:
        return None
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise Invalid("The endpoint of a store is an address such as https://s3.example.org.") from error
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.username or parts.fragment:
        raise Invalid("The endpoint of a store is an address such as https://s3.example.org.")
    if parts.scheme == "http" and not _on_loopback(host) and options.get("plain") != "yes":
        raise Invalid(
            "This endpoint would carry images in plain text: use https, or say plain=yes in a closed network."
        )
    return text.rstrip("/")


def _on_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _seconds(text: str) -> float:
    try:
        seconds = float(text.removesuffix("s"))
    except ValueError:
        seconds = 0.0
    if not 0.05 <= seconds <= 600:
        raise Invalid("The option timeout of a store is a number of seconds, up to 600.")
    return seconds
