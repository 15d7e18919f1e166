"""URLs of S3 stores and files of credentials: what is wrong is named, and no secret is repeated."""

from __future__ import annotations

from pathlib import Path

import pytest

from isocenter.kit.errors import Invalid
from isocenter.storage.credentials import credentials_file, read_credentials
from isocenter.storage.drivers import open_store
from isocenter.storage.s3_address import S3Address, s3_address


def test_a_url_says_everything() -> None:
    url = (
        "s3://region-images/packs/of.north?endpoint=https%3A%2F%2Fs3.example.org%3A8443&region=cn-north-1"
        "&credentials=north&timeout=30s&etag=opaque&create=check&style=host&ca=/etc/ssl/ours.pem"
    )
    assert s3_address(url) == S3Address(
        bucket="region-images",
        prefix="packs/of.north",
        endpoint="https://s3.example.org:8443",
        region="cn-north-1",
        credentials="north",
        timeout_s=30.0,
        md5_etags=False,
        create="check",
        path_style=False,
        authority=Path("/etc/ssl/ours.pem"),
    )
    assert s3_address("s3://bucket") == S3Address("bucket")


@pytest.mark.parametrize(
    "url",
    [
        "s3://",
        "s3://b",
        "s3://UPPER",
        "s3://bucket/../other",
        "s3://bucket/a b",
        "s3://bucket?endpoint=ftp://x",
        "s3://bucket?endpoint=https://me:secret@x",
        "s3://bucket?endpoint=http://s3.example.org",
        "s3://bucket?endpoint=http://[::1",
        "s3://bucket?etag=sha",
        "s3://bucket?timeout=0",
        "s3://bucket?timeout=nan",
        "s3://bucket?timeout=soon",
        "s3://bucket?unknown=1",
        "s3://bucket?broken",
    ],
)
def test_what_is_no_such_url_is_refused(url: str) -> None:
    with pytest.raises(Invalid):
        s3_address(url)


def test_plain_text_is_for_this_machine_or_said_so() -> None:
    for endpoint in ("http://127.0.0.1:9000", "http://[::1]:9000", "http://localhost", "http://s3.lan&plain=yes"):
        s3_address(f"s3://bucket?endpoint={endpoint}")


def test_credentials_in_a_url_are_refused_without_repeating_them() -> None:
    with pytest.raises(Invalid) as refused:
        s3_address("s3://key:planted-secret@bucket/prefix")
    assert "planted-secret" not in str(refused.value)


def test_a_store_without_credentials_is_refused() -> None:
    with pytest.raises(Invalid, match="credentials"):
        open_store("s3://bucket")


def a_file(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = credentials_file(folder, "north")
    path.write_text(text)
    path.chmod(mode)
    return path


def test_credentials_are_read(tmp_path: Path) -> None:
    read = read_credentials(a_file(tmp_path, "# of the region\naccess_key_id = AK\n\nsecret_access_key=s/e+c=r\n"))
    assert (read.access_key_id, read.secret_access_key, read.session_token) == ("AK", "s/e+c=r", None)


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("access_key_id=AK", 0o600),
        ("access_key_id=AK\nsecret_access_key=planted-secret\nextra=1", 0o600),
        ("access_key_id=AK\nsecret_access_key=planted-secret words", 0o600),
        ("access_key_id=AK\nsecret_access_key=planted-secret", 0o640),
        ("access_key_id=ÄK\nsecret_access_key=planted-secret", 0o600),
    ],
)
def test_a_file_that_is_not_right_is_named_and_not_repeated(tmp_path: Path, text: str, mode: int) -> None:
    with pytest.raises(Invalid) as refused:
        read_credentials(a_file(tmp_path, text, mode))
    assert refused.value.fields["file"] == "storage-north"
    assert "planted-secret" not in str(refused.value)


@pytest.mark.parametrize("name", ["", "../x", "a/b", "A", "a" * 64])
def test_what_is_no_name_of_credentials_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Invalid):
        credentials_file(tmp_path, name)
