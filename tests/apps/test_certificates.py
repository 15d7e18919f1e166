"""`isocenter certificates` before anything runs, and what starts with the certificates that are there."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from cryptography import x509
from tests.access.certificates.builders import HOSTS, a_holder, a_store
from tests.apps.test_command_line import run

from isocenter.access.certificates.facts import Kind
from isocenter.access.certificates.store import store_of
from isocenter.apps.settings_from_environment import InvalidSetting, settings_from_environment
from isocenter.apps.wiring import NoCertificate, check_certificates

INIT = ("certificates", "init", "--host", "images.example", "--host", "10.0.0.5")


def test_one_command_makes_an_authority_and_what_this_node_shows(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(monkeypatch, *INIT, home=tmp_path) == 0
    capsys.readouterr()
    assert run(monkeypatch, "certificates", "list", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert [each["kind"] for each in listed] == ["authority", "web", "dicom"]
    assert listed[1]["hosts"] == ["images.example", "10.0.0.5"] and listed[1]["state"] == "valid"
    assert run(monkeypatch, "certificates", "authority") == 0
    authority = x509.load_pem_x509_certificate(capsys.readouterr().out.encode())
    shown = x509.load_pem_x509_certificates(store_of(tmp_path).own(Kind.WEB).read_bytes())
    shown[0].verify_directly_issued_by(authority)
    assert shown[1] == authority


def test_a_second_authority_is_refused_and_the_first_stays(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run(monkeypatch, *INIT, home=tmp_path)
    before = store_of(tmp_path).authority().certificate
    capsys.readouterr()
    assert run(monkeypatch, *INIT) == 4
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert store_of(tmp_path).authority().certificate == before


def test_rsa_is_for_those_who_know_nothing_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert run(monkeypatch, *INIT, "--rsa", home=tmp_path) == 0
    assert run(monkeypatch, "certificates", "renew", "dicom") == 0
    for certificate in x509.load_pem_x509_certificates(store_of(tmp_path).own(Kind.DICOM).read_bytes()):
        assert certificate.public_key().key_size == 3072  # type: ignore[union-attr]


def test_a_certificate_from_elsewhere_is_shown_when_its_key_fits(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    elsewhere = a_store(tmp_path / "elsewhere").authority()
    web = a_holder(tmp_path, elsewhere, "web", hosts=HOSTS)
    other = a_holder(tmp_path, elsewhere, "other", hosts=HOSTS)
    home = tmp_path / "home"
    wrong = ("certificates", "import", "web", str(web.certificate), str(other.key))
    assert run(monkeypatch, *wrong, home=home) == 2
    assert "key does not belong" in capsys.readouterr().err
    assert not store_of(home).own(Kind.WEB).exists()
    assert run(monkeypatch, "certificates", "import", "web", str(web.certificate), str(web.key)) == 0
    assert [each.fingerprint for each in store_of(home).ours()] == [web.fingerprint]
    assert run(monkeypatch, "certificates", "renew") == 0
    assert "Nothing to renew" in capsys.readouterr().err
    assert [each.fingerprint for each in store_of(home).ours()] == [web.fingerprint]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes what belongs to others")
def test_what_root_renews_belongs_to_whoever_the_home_belongs_to(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "secrets").mkdir(mode=0o700)
    for path in (tmp_path, tmp_path / "secrets"):
        os.chown(path, 65534, 65534)
    assert run(monkeypatch, *INIT, home=tmp_path) == 0
    assert run(monkeypatch, "certificates", "renew") == 0
    made = store_of(tmp_path).folder
    assert {path.stat().st_uid for path in (made, *made.rglob("*"))} == {65534}


def test_tls_without_a_certificate_does_not_start(tmp_path: Path) -> None:
    asked = {"ISOCENTER_HOME": str(tmp_path), "ISOCENTER_DICOM_TLS_PORT": "2762"}
    for environment in (asked, {"ISOCENTER_HOME": str(tmp_path), "ISOCENTER_HTTP_TLS": "on"}):
        with pytest.raises(NoCertificate, match="isocenter certificates init"):
            check_certificates(settings_from_environment(environment))
    a_store(tmp_path)
    check_certificates(settings_from_environment(asked | {"ISOCENTER_HTTP_TLS": "on"}))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.5", "images.example"])
def test_plain_http_stays_on_this_machine(host: str) -> None:
    with pytest.raises(InvalidSetting, match="ISOCENTER_HTTP_TLS"):
        settings_from_environment({"ISOCENTER_HTTP_HOST": host})
    for way in ("on", "proxy"):
        settings = settings_from_environment({"ISOCENTER_HTTP_HOST": host, "ISOCENTER_HTTP_TLS": way})
        assert settings.http_host == host
    for loopback in ("127.0.0.1", "::1", "localhost"):
        assert settings_from_environment({"ISOCENTER_HTTP_HOST": loopback}).http_tls == "off"
