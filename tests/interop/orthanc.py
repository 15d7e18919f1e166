"""The real Orthanc with its DICOMweb plugin, started for one module of tests and ended by its process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from bench.blast import DCMTK_ENVIRONMENT
from bench.data import part10
from bench.node import Node, eventually, free_port
from pydicom.dataset import Dataset

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")


def program(name: str, package: str) -> str:
    """Where a program is; skips with the reason where it is not installed, fails in CI, which skips nothing."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        reason = f"{name} (Debian package {package}) is not installed"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


class Orthanc:
    """One Orthanc in a folder. Its HTTP answers this machine only (RemoteAccessAllowed is false)."""

    def __init__(self, folder: Path, node: Node | None = None) -> None:
        """node: an Isocenter that it knows as the modality and DICOMweb server "isocenter"."""
        self.http_port, self.dicom_port = free_port(), free_port()
        self.ae_title = "ORTHANC"
        self.url = f"http://127.0.0.1:{self.http_port}"
        self._folder = folder
        self._node = node
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until it answers."""
        executable = program("Orthanc", "orthanc")
        if not PLUGIN.exists():
            program("no-such-program", "orthanc-dicomweb")
        path = self._folder / "orthanc.json"
        path.write_text(json.dumps(self._configuration()))
        with (self._folder / "orthanc.log").open("wb") as log:
            self._process = subprocess.Popen(
                [executable, str(path)],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **DCMTK_ENVIRONMENT, "TMPDIR": str(self._folder)},
            )
        if not eventually(self._answers, 60):
            self.stop()
            raise RuntimeError((self._folder / "orthanc.log").read_text(errors="replace")[-3000:])

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def get(self, path: str) -> Any:
        """The JSON of a GET."""
        with urllib.request.urlopen(f"{self.url}{path}", timeout=60) as answer:
            return json.loads(answer.read())

    def post(self, path: str, body: object) -> Any:
        """The JSON of a POST: of bytes as they are, of anything else as JSON. Raises RuntimeError with what it says."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        try:
            with urllib.request.urlopen(f"{self.url}{path}", data=data, timeout=120) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{path}: {error.code} {error.read()[:1000]!r}") from None

    def store(self, *data_sets: Dataset) -> None:
        """Put instances into it by its REST."""
        for data_set in data_sets:
            self.post("/instances", part10(data_set))

    def instances(self) -> set[str]:
        """The SOP Instance UIDs that it has."""
        return {each["MainDicomTags"]["SOPInstanceUID"] for each in self.get("/instances?expand")}

    def file(self, sop_instance_uid: str) -> bytes:
        """The file of one instance."""
        found = self.post("/tools/lookup", sop_instance_uid.encode())
        (identifier,) = [each["ID"] for each in found if each["Type"] == "Instance"]
        with urllib.request.urlopen(f"{self.url}/instances/{identifier}/file", timeout=60) as answer:
            content: bytes = answer.read()
            return content

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError((self._folder / "orthanc.log").read_text(errors="replace")[-3000:])
        try:
            return bool(self.get("/system"))
        except OSError:
            return False

    def _configuration(self) -> dict[str, object]:
        configuration: dict[str, object] = {
            "Name": "interop",
            "StorageDirectory": str(self._folder / "store"),
            "IndexDirectory": str(self._folder / "store"),
            "HttpPort": self.http_port,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "DicomAet": self.ae_title,
            "DicomPort": self.dicom_port,
            "DicomCheckCalledAet": False,
            "DicomAlwaysAllowEcho": True,
            "DicomAlwaysAllowStore": True,
            "DicomAlwaysAllowFind": True,
            "DicomAlwaysAllowGet": True,
            "DicomAlwaysAllowMove": True,
            "UnknownSopClassAccepted": True,
            "Plugins": [str(PLUGIN)],
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        }
        if self._node is not None:
            place = f"http://127.0.0.1:{self._node.http_port}/dicom-web/"
            authorization = {"Authorization": f"Bearer {self._node.token}"}
            configuration["DicomModalities"] = {"isocenter": [self._node.ae_title, "127.0.0.1", self._node.dicom_port]}
            configuration["DicomWeb"] = {
                "Enable": True,
                "Root": "/dicom-web/",
                "Servers": {"isocenter": {"Url": place, "HttpHeaders": authorization}},
            }
        return configuration
