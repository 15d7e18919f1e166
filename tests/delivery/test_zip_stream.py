"""ZIP archives by our own writer, read by Python's and by unzip; what is too large for them is tried by its headers."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
from datetime import datetime
from pathlib import Path
from zlib import crc32

import pytest

from isocenter.delivery.zip_stream import ZipStream, archive_length

AT = datetime(2026, 11, 22, 3, 4, 6)


def an_archive(*members: tuple[str, bytes]) -> bytes:
    stream = ZipStream(AT)
    pieces = [stream.head(name, len(content), crc32(content)) + content for name, content in members]
    return b"".join(pieces) + stream.tail()


def test_python_reads_what_was_written() -> None:
    members = [("a/b.dcm", b"x" * 1000), ("empty", b""), ("名.txt", b"\0\1")]
    content = an_archive(*members)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert [(name, archive.read(name)) for name in archive.namelist()] == members
        assert archive.infolist()[0].date_time == (2026, 11, 22, 3, 4, 6)
    assert archive_length([(name, len(data)) for name, data in members]) == len(content)


@pytest.mark.skipif(shutil.which("unzip") is None, reason="unzip is not installed")
def test_unzip_reads_what_was_written(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(an_archive(("a/b.dcm", b"x" * 1000), ("c", b"y")))
    subprocess.run(["unzip", "-t", "a.zip"], cwd=tmp_path, check=True, capture_output=True)


def test_seventy_thousand_members_take_the_large_form() -> None:
    content = an_archive(*((f"{number}", b"") for number in range(70_000)))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert len(archive.namelist()) == 70_000


def test_a_member_of_five_gigabytes_and_one_after_it_are_found_again(tmp_path: Path) -> None:
    length = 5 << 30
    stream = ZipStream(AT)
    path = tmp_path / "large.zip"
    with path.open("wb") as file:  # a sparse file: its zeros take no room
        file.write(stream.head("large", length, 0))
        file.seek(length, io.SEEK_CUR)
        file.write(stream.head("after", 5, crc32(b"after")) + b"after")
        file.write(stream.tail())
    assert path.stat().st_size == archive_length([("large", length), ("after", 5)])
    with zipfile.ZipFile(path) as archive:
        assert archive.getinfo("large").file_size == length
        assert archive.read("after") == b"after"
