"""Certificates over the API: a security officer issues, trusts and revokes for her institution, and sees no other's."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from fastapi.testclient import TestClient
from prometheus_client import REGISTRY
from tests.access.certificates.builders import HOSTS, OPERATOR, a_holder, a_store, a_stranger, signed_by_itself
from tests.adapters.web.test_studies import bearer

from tests.adapters.web_parts import web_parts
from isocenter.access.caller import system_caller
from isocenter.access.certificates.expiry import watching_task
from isocenter.access.certificates.facts import Kind
from isocenter.access.certificates.issuing import Subject, issued, new_authority, new_key, pem_of, pem_of_key
from isocenter.access.certificates.store import CertificateStore, store_of
from isocenter.access.certificates.verbs import record_shown, renew, show
from isocenter.access.roles import Role
from isocenter.adapters.web.application import build_application
from isocenter.index.institutions import Institution
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Database
from isocenter.kit.settings import Settings

Headers = dict[str, str]


@pytest.fixture
def store(tmp_path: Path) -> CertificateStore:
    return a_store(tmp_path)


@pytest.fixture
def client(database: Database, tmp_path: Path) -> TestClient:
    parts = web_parts(database, Settings(home=tmp_path, dicom_tls_port=2762))
    return TestClient(build_application(parts, (), None))


@pytest.fixture
def officer(database: Database, institution: Institution) -> Headers:
    return bearer(database, institution, Role.SECURITY_OFFICER)


@pytest.fixture
def other_officer(database: Database, other_institution: Institution) -> Headers:
    return bearer(database, other_institution, Role.SECURITY_OFFICER)


def a_request(*, weak: bool = False) -> str:
    """A signing request of a device; it asks for more than it will get."""
    key = rsa.generate_private_key(65537, 1024) if weak else new_key()
    asked = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([]))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("pacs.example")]), critical=False)
    )
    return asked.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def kinds(client: TestClient, headers: Headers) -> list[str]:
    return [each["kind"] for each in client.get("/api/certificates", headers=headers).json()["certificates"]]


def test_a_device_gets_a_certificate_for_its_own_key_and_nothing_more(
    client: TestClient, store: CertificateStore, officer: Headers, other_officer: Headers
) -> None:
    body = {"name": "CT1", "request": a_request(), "days": 30}
    answer = client.post("/api/certificates", json=body, headers=officer)
    assert answer.status_code == 201, answer.text
    made = x509.load_pem_x509_certificate(answer.json()["pem"].encode())
    made.verify_directly_issued_by(store.authority().certificate)
    shown = answer.json()["certificate"]
    assert (shown["name"], shown["kind"], shown["is_authority"], shown["hosts"]) == ("CT1", "device", False, [])
    assert answer.json()["authority_pem"] == client.get("/api/certificates/authority", headers=officer).json()["pem"]
    assert kinds(client, officer) == ["authority", "web", "dicom", "device"]
    assert kinds(client, other_officer) == ["authority", "web", "dicom"]


def test_a_revoked_certificate_stays_listed_and_what_is_anothers_is_not_there(
    client: TestClient, store: CertificateStore, officer: Headers, other_officer: Headers
) -> None:
    body = {"name": "CT1", "request": a_request()}
    fingerprint = client.post("/api/certificates", json=body, headers=officer).json()["certificate"]["fingerprint"]
    path = f"/api/certificates/{fingerprint}/revoke"
    strange, unknown = (
        client.post(path, headers=other_officer),
        client.post(path.replace(fingerprint, "0" * 64), headers=officer),
    )
    assert strange.status_code == 404 and strange.json() == unknown.json()
    assert client.post(path, headers=officer).json()["state"] == "revoked"
    assert client.post(path, headers=officer).json()["error"]["reason"] == "already-revoked"
    assert fingerprint in store.revoked.read_text()
    listed = client.get("/api/certificates", headers=officer).json()["certificates"]
    assert [each["state"] for each in listed if each["kind"] == "device"] == ["revoked"]


def test_a_devices_own_certificate_is_trusted_until_it_is_not(
    client: TestClient, store: CertificateStore, officer: Headers, other_officer: Headers, tmp_path: Path
) -> None:
    stranger = a_stranger(tmp_path)
    body = {"certificate": stranger.certificate.read_text()}
    trusted = client.post("/api/certificates/trusted", json=body, headers=officer)
    assert trusted.status_code == 201 and trusted.json()["certificates"][0]["fingerprint"] == stranger.fingerprint
    assert body["certificate"] in store.trusted.read_text()
    assert body["certificate"] not in store.authorities.read_text()
    itself = pem_of(signed_by_itself(tmp_path, "CT9").certificate).decode()
    assert client.post("/api/certificates/trusted", json={"certificate": itself}, headers=officer).status_code == 201
    assert itself not in store.authorities.read_text()
    path = f"/api/certificates/trusted/{stranger.fingerprint}"
    assert client.delete(path, headers=other_officer).status_code == 404
    assert client.delete(path, headers=officer).status_code == 204
    assert body["certificate"] not in store.trusted.read_text()


def test_what_cannot_be_used_is_refused_with_the_field(
    client: TestClient, store: CertificateStore, officer: Headers
) -> None:
    authority = pem_of(new_authority("Elsewhere", utc_now()).certificate).decode()
    own_key = (store.folder / "authority.key").read_text()
    for path, body, field in (
        ("", {"name": "CT1", "request": "nothing"}, "request"),
        ("", {"name": "CT1", "request": "名字"}, "request"),
        ("", {"name": "CT1", "request": a_request(weak=True)}, "key"),
        ("", {"name": "../CT1", "request": a_request()}, "name"),
        ("/trusted", {"certificate": "nothing"}, "certificate"),
        ("/trusted", {"certificate": authority}, "certificate"),
        ("/trusted", {"certificate": own_key}, "certificate"),
    ):
        answer = client.post(f"/api/certificates{path}", json=body, headers=officer)
        assert answer.status_code == 400, (body, answer.text)
        error = answer.json()["error"]
        assert (error["reason"], error["fields"]["field"]) == ("invalid-certificate", field)
    assert kinds(client, officer) == ["authority", "web", "dicom"]


def test_what_is_done_is_on_record_without_a_key(
    client: TestClient, store: CertificateStore, officer: Headers, database: Database, institution: Institution
) -> None:
    client.post("/api/certificates", json={"name": "CT1", "request": a_request()}, headers=officer)
    record_shown(database, system_caller(institution.institution_id, "command-line"), renew(store, OPERATOR))
    with database.transaction(institution.institution_id) as connection:
        rows = connection.execute(
            "SELECT action, detail::text FROM audit_event WHERE action LIKE 'certificate%'"
        ).fetchall()
    assert sorted(str(row[0]) for row in rows) == ["certificate-issued", "certificate-shown", "certificate-shown"]
    for _, detail in rows:
        assert "fingerprint" in str(detail) and "not_after" in str(detail) and "PRIVATE" not in str(detail)


def test_an_administrator_has_nothing_to_do_with_certificates(
    client: TestClient, store: CertificateStore, database: Database, institution: Institution
) -> None:
    administrator = bearer(database, institution, Role.ADMINISTRATOR)
    assert client.get("/api/certificates", headers=administrator).status_code == 403
    answer = client.post("/api/certificates", json={"name": "CT1", "request": a_request()}, headers=administrator)
    assert answer.status_code == 403 and not (store.folder / "issued").exists()


def test_a_home_without_certificates_says_so(client: TestClient, officer: Headers) -> None:
    listed = client.get("/api/certificates", headers=officer).json()
    assert listed == {"certificates": [], "https": False, "dicom_tls_port": 2762}
    for answer in (
        client.get("/api/certificates/authority", headers=officer),
        client.post("/api/certificates", json={"name": "CT1", "request": a_request()}, headers=officer),
    ):
        assert (answer.status_code, answer.json()["error"]["reason"]) == (404, "no-authority")


def test_what_ends_soon_is_renewed_if_it_is_ours_and_warned_of_if_not(
    client: TestClient, store: CertificateStore, database: Database, institution: Institution
) -> None:
    assert client.get("/health/ready").json() == {"status": "ready", "warnings": []}
    authority, key = store.authority(), new_key()
    made = issued(authority, Subject("Isocenter dicom", HOSTS, serves=True), key.public_key(), utc_now(), 29)
    store.put_own(Kind.DICOM, key, [made])
    foreign, its_key = new_authority("Elsewhere", utc_now()), new_key()
    theirs = issued(foreign, Subject("images.example", serves=True), its_key.public_key(), utc_now(), 29)
    show(store, OPERATOR, Kind.WEB, pem_of(theirs).decode(), pem_of_key(its_key))
    words = ["web-certificate-expires-soon", "dicom-certificate-expires-soon"]
    assert client.get("/health/ready").json()["warnings"] == words
    watching_task(store).function()
    assert client.get("/health/ready").json()["warnings"] == words[:1]
    dicom = next(each for each in store.ours() if each.kind is Kind.DICOM)
    assert dicom.hosts == HOSTS and dicom.not_after > utc_now() + timedelta(days=390)
    status = client.get("/api/status", headers=bearer(database, institution, Role.ADMINISTRATOR)).json()
    assert status["warnings"] == words[:1]
    assert client.get("/metrics").status_code == 200
    ends = REGISTRY.get_sample_value("isocenter_certificate_not_after_seconds", {"kind": "web"})
    assert ends == theirs.not_valid_after_utc.timestamp()


def test_keys_are_their_owners_alone(store: CertificateStore, tmp_path: Path) -> None:
    a_holder(tmp_path, store.authority())
    secret = [path for path in store.folder.rglob("*") if path.is_file() and b"PRIVATE KEY" in path.read_bytes()]
    assert {path.name for path in secret} == {"authority.key", "web.pem", "dicom.pem"}
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in secret)
    folders = [store.folder, store.folder / "own"]
    assert all(path.stat().st_mode & 0o777 == 0o700 for path in folders)


def test_a_home_is_found_again(store: CertificateStore, tmp_path: Path) -> None:
    assert store_of(tmp_path).everything() == store.everything() and len(store.ours()) == 3
