"""Certificates: what this node shows, what devices of the institution hold, what is trusted. Keys never pass here."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from isocenter.access.caller import Caller
from isocenter.access.certificates import verbs
from isocenter.access.certificates.facts import Facts, Kind, facts_of
from isocenter.access.certificates.issuing import DEVICE_DAYS, LONGEST_DAYS, pem_of
from isocenter.access.certificates.store import CertificateStore, store_of
from isocenter.access.roles import Right
from isocenter.adapters.web.authentication import caller
from isocenter.adapters.web.parts import parts_of
from isocenter.adapters.web.sign_in import StrictModel
from isocenter.kit.clock import utc_now

router = APIRouter(tags=["Certificates"])

MAX_PEM_CHARACTERS = 32 * 1024
Pem = Annotated[str, Field(max_length=MAX_PEM_CHARACTERS)]


class Certificate(BaseModel):
    """One certificate. kind: authority (ours), web and dicom (what this node shows), device (issued by our authority),
    trusted (made elsewhere). hosts: names and addresses it is for. renews_itself: this node renews it in time.
    """

    kind: Literal["authority", "web", "dicom", "device", "trusted"]
    name: str
    state: Literal["valid", "expires-soon", "expired", "not-yet-valid", "revoked"]
    fingerprint: str
    serial_number: str
    issuer: str
    hosts: list[str]
    is_authority: bool
    renews_itself: bool
    not_before: datetime
    not_after: datetime
    revoked_at: datetime | None


class CertificateList(BaseModel):
    """https: browsers come over it, here or to a proxy before us. dicom_tls_port: null without DICOM over TLS."""

    certificates: list[Certificate]
    https: bool
    dicom_tls_port: int | None


class SigningRequest(StrictModel):
    """request: PKCS #10, PEM, made by the device, whose key never leaves it. name: whose it is."""

    name: str = Field(max_length=64)
    request: Pem
    days: int = Field(DEVICE_DAYS, ge=1, le=LONGEST_DAYS)


class Issued(BaseModel):
    """pem: the certificate for the device to install, authority_pem: what it has to trust."""

    certificate: Certificate
    pem: str
    authority_pem: str


class TrustedCertificate(StrictModel):
    """certificate: PEM; several in one text are taken one by one."""

    certificate: Pem


class Trusted(BaseModel):
    """What is trusted now."""

    certificates: list[Certificate]


class Authority(BaseModel):
    """pem: our authority's certificate, for devices and browsers to trust."""

    pem: str


@router.get("/api/certificates", summary="Certificates of this node and of the institution's devices")
def list_certificates(request: Request, who: Annotated[Caller, Depends(caller)]) -> CertificateList:
    """For security officers."""
    settings = parts_of(request).settings
    found = verbs.certificates(_store(request), who)
    return CertificateList(
        certificates=[_shown(each) for each in found],
        https=settings.http_tls != "off",
        dicom_tls_port=settings.dicom_tls_port,
    )


@router.get("/api/certificates/authority", summary="The certificate of our authority")
def our_authority(request: Request, who: Annotated[Caller, Depends(caller)]) -> Authority:
    """For security officers. 404 no-authority."""
    who.require(Right.MANAGE_SECURITY)
    return Authority(pem=pem_of(_store(request).authority().certificate).decode())


@router.post("/api/certificates", summary="Issue a certificate for a device", status_code=201)
def issue_certificate(request: Request, body: SigningRequest, who: Annotated[Caller, Depends(caller)]) -> Issued:
    """To call with, not to serve. 400 invalid-certificate, 404 no-authority."""
    store, database = _store(request), parts_of(request).database
    made = verbs.issue_for_request(store, database, who, body.name, body.request, body.days)
    return Issued(
        certificate=_shown(facts_of(made, Kind.DEVICE)),
        pem=pem_of(made).decode(),
        authority_pem=pem_of(store.authority().certificate).decode(),
    )


@router.post("/api/certificates/trusted", summary="Trust a device's own certificate", status_code=201)
def trust_certificate(request: Request, body: TrustedCertificate, who: Annotated[Caller, Depends(caller)]) -> Trusted:
    """Authorities are trusted by the operator of the node only. 400 invalid-certificate."""
    trusted = verbs.trust(_store(request), parts_of(request).database, who, body.certificate)
    return Trusted(certificates=[_shown(each) for each in trusted])


@router.delete("/api/certificates/trusted/{fingerprint}", summary="Stop trusting a certificate", status_code=204)
def distrust_certificate(request: Request, fingerprint: str, who: Annotated[Caller, Depends(caller)]) -> Response:
    """It is refused from the next connection on. 404 unknown-certificate."""
    verbs.stop_trusting(_store(request), parts_of(request).database, who, fingerprint)
    return Response(status_code=204)


@router.post("/api/certificates/{fingerprint}/revoke", summary="Revoke a device's certificate")
def revoke_certificate(request: Request, fingerprint: str, who: Annotated[Caller, Depends(caller)]) -> Certificate:
    """It is refused from the next connection on, for ever. 404 unknown-certificate, 409 already-revoked."""
    return _shown(verbs.revoke(_store(request), parts_of(request).database, who, fingerprint))


def _store(request: Request) -> CertificateStore:
    return store_of(parts_of(request).settings.home)


def _shown(facts: Facts) -> Certificate:
    return Certificate(
        kind=facts.kind.value,
        name=facts.name,
        state=facts.state(utc_now()).value,
        fingerprint=facts.fingerprint,
        serial_number=facts.serial_number,
        issuer=facts.issuer,
        hosts=list(facts.hosts),
        is_authority=facts.is_authority,
        renews_itself=facts.renews_itself,
        not_before=facts.not_before,
        not_after=facts.not_after,
        revoked_at=facts.revoked_at,
    )
