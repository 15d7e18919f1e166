"""OHIF's prebuilt distribution from npm on Orthanc: fetched once, configured, served beside Orthanc's DICOMweb.

`python -m bench.ohif PORT DIST UPSTREAM` is the server of both under one address: files with gzip, and a reverse proxy.
Fetched by the `npm` of this machine into a folder outside the checkout.
"""

from __future__ import annotations

import gzip
import http.client
import mimetypes
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from bench.node import eventually, free_port, new_folder
from bench.servers import MissingPeerError, _orthanc

VERSION: Final = "3.13.2"
_CACHE = Path(os.environ.get("ISOCENTER_BENCH_CACHE", "/var/tmp/isocenter-bench-cache"))
_CONFIGURATION: Final = """window.config = { name: 'bench', routerBasename: null, extensions: [], modes: [],
 customizationService: {}, showStudyList: true, maxNumberOfWebWorkers: 3, showWarningMessageForCrossOrigin: false,
 showCPUFallbackMessage: false, showLoadingIndicator: true, strictZSpacingForVolumeViewport: true,
 groupEnabledModesFirst: true, maxNumRequests: { interaction: 100, thumbnail: 5, prefetch: 25 },
 showErrorDetails: 'always', defaultDataSourceName: 'dicomweb', dataSources: [{
  namespace: '@ohif/extension-default.dataSourcesModule.dicomweb', sourceName: 'dicomweb', configuration: {
   friendlyName: 'orthanc', name: 'orthanc', wadoUriRoot: '/dicom-web', qidoRoot: '/dicom-web', wadoRoot: '/dicom-web',
   qidoSupportsIncludeField: false, supportsReject: false, imageRendering: 'wadors', thumbnailRendering: 'wadors',
   enableStudyLazyLoad: true, supportsFuzzyMatching: false, supportsWildcard: true, staticWado: false,
   dicomUploadEnabled: false, singlepart: 'bulkdata,video', omitQuotationForMultipartRequest: true,
   bulkDataURI: { enabled: true, relativeResolution: 'studies' } } }] };
"""
_CHUNK = 256 << 10


def distribution() -> Path:
    """The folder with OHIF's built pages, fetched when it is not here. Raises MissingPeerError."""
    folder = _CACHE / f"ohif-app-{VERSION}" / "package" / "dist"
    if folder.is_dir():
        return folder
    if shutil.which("npm") is None:
        raise MissingPeerError("OHIF is fetched with npm, which is not installed")
    _CACHE.mkdir(parents=True, exist_ok=True)
    packed = _CACHE / f"ohif-app-{VERSION}.tgz"
    if not packed.is_file():
        command = ["npm", "pack", f"@ohif/app@{VERSION}"]
        done = subprocess.run(command, cwd=_CACHE, capture_output=True, text=True, check=False)
        if done.returncode or not packed.is_file():
            raise MissingPeerError(f"OHIF could not be fetched: {done.stderr[-300:]}")
    unpacked = _CACHE / f"ohif-app-{VERSION}"
    unpacked.mkdir(exist_ok=True)
    subprocess.run(["tar", "--extract", "--gzip", "--file", packed, "--directory", unpacked], check=True)
    (folder / "app-config.js").write_text(_CONFIGURATION)
    return folder


class Ohif:
    """OHIF and Orthanc, running. address: of the study list."""

    def __init__(self, address: str, orthanc_port: int) -> None:
        self.address = address
        self._orthanc_port = orthanc_port

    def store(self, folder: Path) -> None:
        """Give Orthanc every file of a folder."""
        connection = http.client.HTTPConnection("127.0.0.1", self._orthanc_port, timeout=60)
        for path in sorted(folder.glob("*.dcm")):
            connection.request("POST", "/instances", path.read_bytes())
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"Orthanc answered {answer.status} to {path.name}")
        connection.close()


@contextmanager
def running() -> Iterator[Ohif]:
    """Start both on ports of their own. Raises MissingPeerError."""
    dist = distribution()
    folder, orthanc_port, port = new_folder("bench-ohif-"), free_port(), free_port()
    metadata = {"Enable": True, "Root": "/dicom-web/", "StudiesMetadata": "Full", "SeriesMetadata": "Full"}
    orthanc = _orthanc(
        HttpServerEnabled=True,
        HttpPort=orthanc_port,
        AuthenticationEnabled=False,
        HttpThreadsCount=50,
        KeepAlive=True,
        TcpNoDelay=True,
        DicomWeb=metadata,
    )(folder)
    pages = subprocess.Popen([sys.executable, "-m", "bench.ohif", str(port), str(dist), f"127.0.0.1:{orthanc_port}"])
    try:
        if not eventually(lambda: _answers(port), 30):
            raise RuntimeError("the server of OHIF's pages did not come up")
        yield Ohif(f"http://127.0.0.1:{port}", orthanc_port)
    finally:
        pages.terminate()
        pages.wait(10)
        orthanc.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


class _Pages(BaseHTTPRequestHandler):
    """One connection of a browser."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 64 << 10
    dist: Path
    upstream: str
    mine = threading.local()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """A file of the distribution, or Orthanc's answer."""
        if self.path.startswith("/dicom-web"):
            self._pass_on()
            return
        name = self.path.split("?")[0].lstrip("/")
        body, kind, zipped = _file(self.dist, name)
        self.send_response(200)
        headers = {"Content-Type": kind, "Content-Length": str(len(body))}
        if zipped:
            headers["Content-Encoding"] = "gzip"
        self._end(
            headers | {"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp"}
        )
        self.wfile.write(body)

    def _pass_on(self) -> None:
        wanted = {name: value for name, value in self.headers.items() if name.lower() in ("accept", "range")}
        answer = self._ask(wanted | {"Host": self.headers["Host"]})
        self.send_response(answer.status)
        kept = ("content-type", "content-encoding")
        headers = {name: value for name, value in answer.getheaders() if name.lower() in kept}
        length = answer.getheader("Content-Length")
        whole = answer.read() if length is None else b""
        self._end(headers | {"Content-Length": length or str(len(whole))})
        self.wfile.write(whole)
        while length is not None and (piece := answer.read(_CHUNK)):
            self.wfile.write(piece)

    def _ask(self, headers: dict[str, str]) -> http.client.HTTPResponse:
        """Orthanc closes a connection now and then: ask once more."""
        for attempt in (0, 1):
            connection = getattr(self.mine, "connection", None)
            if connection is None:
                connection = self.mine.connection = http.client.HTTPConnection(self.upstream, timeout=300)
                connection.connect()
                connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                connection.request("GET", self.path, headers=headers)
                return connection.getresponse()
            except (OSError, http.client.HTTPException):
                self.mine.connection = None
                if attempt:
                    raise
        raise AssertionError("unreachable")

    def _end(self, headers: dict[str, str]) -> None:
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


class _Server(ThreadingHTTPServer):
    """A browser that is ended in the middle of an answer is no news."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Say what went wrong, unless the browser is gone."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


@cache
def _file(dist: Path, name: str) -> tuple[bytes, str, bool]:
    """(body, type, whether gzip); what is not there is the one page."""
    path = (dist / name).resolve()
    if not name or not path.is_relative_to(dist.resolve()) or not path.is_file():
        path = dist / "index.html"
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    zipped = kind.startswith("text") or any(word in kind for word in ("json", "wasm", "svg", "javascript"))
    body = path.read_bytes()
    return gzip.compress(body, 6) if zipped else body, kind, zipped


def _main(port: str, dist: str, upstream: str) -> None:
    mimetypes.add_type("application/wasm", ".wasm")
    mimetypes.add_type("text/javascript", ".js")
    _Pages.dist, _Pages.upstream = Path(dist), upstream
    _Server(("127.0.0.1", int(port)), _Pages).serve_forever()


if __name__ == "__main__":
    _main(*sys.argv[1:])
