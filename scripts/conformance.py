"""docs/conformance/dicom.md, the DICOM conformance statement (PS3.2), generated from what the program registers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import Any, cast
from unittest.mock import MagicMock

from pydicom.datadict import keyword_for_tag

from isocenter import __version__
from isocenter.adapters.dicomweb.answers import Answer
from isocenter.adapters.dicomweb.errors import FAILURE_REASON, HTTP_STATUS
from isocenter.adapters.dicomweb.negotiation import FRAME_MEDIA_TYPES
from isocenter.adapters.dicomweb.rendered_rs import PICTURE_TYPES
from isocenter.adapters.dicomweb.router import DicomwebService
from isocenter.adapters.dicomweb.search_parameters import DEFAULT_LIMIT, MAX_LIMIT, MAX_OFFSET
from isocenter.adapters.dimse.get_scp import GetScp
from isocenter.adapters.dimse.move_scp import MOST_SUB_ASSOCIATIONS, MoveScp
from isocenter.adapters.dimse.query_retrieve_scp import FindScp
from isocenter.adapters.dimse.retrieve_selection import MOST_STUDIES
from isocenter.adapters.dimse.status import STATUS_BY_FAMILY, STATUS_BY_REASON
from isocenter.adapters.dimse.storage_commitment_scp import (
    INVALID_ARGUMENT_VALUE,
    N_ACTION_STATUS,
    NO_SUCH_ACTION,
    RESOURCE_LIMITATION,
)
from isocenter.adapters.dimse.storage_scp import LEVEL_2_BIT_PRESERVING, StorageScp
from isocenter.adapters.dimse.verification_scp import VerificationScp
from isocenter.adapters.peers import dicomweb as dicomweb_source
from isocenter.adapters.peers import query_retrieve as query_retrieve_source
from isocenter.delivery.rendering import ANNOTATIONS, ICC_PROFILES
from isocenter.domain.archive.duplicates import COMPARED_BYTES
from isocenter.domain.exchange.commitment import TRIED_FOR
from isocenter.domain.migration.incoming import MEDIA_DIRECTORY
from isocenter.domain.migration.media_directory import LARGEST_BYTES as LARGEST_DICOMDIR
from isocenter.domain.migration.zip_file import MOST_ENTRIES
from isocenter.index.query_keys import (
    INSTANCE_VRS,
    PATIENT_COLUMNS,
    PATIENT_COUNTS,
    SERIES_COLUMNS,
    SERIES_INSTANCES,
    STUDY_COLUMNS,
)
from isocenter.kit.settings import Settings
from isocenter.standards.dicom import character_sets, uids
from isocenter.standards.dicom.dicomdir import _KEYS as RECORD_TYPES
from isocenter.standards.dicom.dimse import Status
from isocenter.standards.dicom.elements import MAX_DEPTH, MAX_INFLATED_BYTES
from isocenter.standards.dicom.identifiers import MAX_IDENTIFIER_BYTES
from isocenter.standards.dicom.instance_availability import INSTANCE_AVAILABILITY_NOTIFICATION
from isocenter.standards.dicom.query_retrieve import INFORMATION_MODELS
from isocenter.standards.dicom.rejection_note import NOTE_IS_HIDDEN_TOO, REJECTION_CODES
from isocenter.standards.dicom.sop_classes import NON_PATIENT_STORAGE_SOP_CLASSES, STORAGE_SOP_CLASSES
from isocenter.standards.dicom.storage_commitment import (
    MAX_REFERENCES,
    STORAGE_COMMITMENT_PUSH_MODEL,
    FailureReason,
)
from isocenter.standards.dicom.transfer_syntaxes import TRANSFER_SYNTAXES, TransferSyntax
from isocenter.wire import negotiation, pdu
from isocenter.wire.service import Service

TEMPLATE = Path(__file__).with_name("conformance.template.md")
STATUS_MEANINGS = {
    Status.SUCCESS: "stored, or here already: durable on disk and found in the index",
    Status.COERCION_OF_DATA_ELEMENTS: "kept aside beside the current version, with a task for a person",
    Status.OUT_OF_RESOURCES: "not now: disk full, database away, stopping; or the object is larger than we receive",
    Status.DATA_SET_DOES_NOT_MATCH_SOP_CLASS: "the data set names another SOP class or instance than the command",
    Status.CANNOT_UNDERSTAND: "the data set cannot be walked to its end, or lacks a usable UID",
    Status.SOP_CLASS_NOT_SUPPORTED: "the command names another SOP class than its presentation context",
    Status.NOT_AUTHORIZED: "the caller may not store",
    Status.PROCESSING_FAILURE: "a defect of ours; the log has it",
    Status.NO_SUCH_OBJECT_INSTANCE: "in the table for completeness; C-STORE does not come to it",
    Status.DUPLICATE_SOP_INSTANCE: "in the table for completeness; a duplicate is a success or a warning",
}
RESOURCES = {  # what a resource is, by its last word; a resource without a row here stops the generation
    "objects": "multipart/related of application/dicom; one object alone as application/dicom; all in application/zip",
    "metadata": "DICOM JSON, gzip when accepted, or XML as multipart/related; ETag",
    "rendered": "one picture: of an instance its middle frame, of a series or study its middle drawable image; "
    "as multipart/related every frame; of a video its stream",
    "thumbnail": "one small picture",
    "frames": "one frame or a list, as stored or decoded",
    "bulkdata": "a value that a BulkDataURI of the metadata names, alone with Range; "
    "without a path all values as multipart/related",
    "pixeldata": "the pixel data among them, each a part of multipart/related",
    "": "what the service has, as WADL (PS3.18 8.9); also on each resource, with Allow",
    "wado": "one object or one picture of it by a query (WADO-URI, PS3.18 9)",
    "search": "search (QIDO-RS), DICOM JSON, or XML as multipart/related",
    "store": "store (STOW-RS): application/dicom, or application/dicom+json or application/dicom+xml beside bulk data, "
    "as multipart/related or one object alone",
    "delete": "ours, not in the standard: the study is hidden at once, and gone when its period of recovery ends",
}


def conformance_page() -> str:
    """The whole statement."""
    parts = {
        "identity": _identity(),
        "sop_classes": _table(("SOP class", "UID"), [(name, uid) for uid, name in STORAGE_SOP_CLASSES.items()]),
        "refused_classes": ", ".join(f"{name} ({uid})" for uid, name in NON_PATIENT_STORAGE_SOP_CLASSES.items()),
        "syntaxes": _syntaxes(),
        "extended": " ".join(f"{byte:02X}H" for byte in LEVEL_2_BIT_PRESERVING),
        "rejections": _rejections(),
        "limits": _limits(),
        "statuses": _statuses(),
        "information_models": _information_models(),
        "options": " ".join("01H" for _ in range(FindScp.options)),
        "retrieve_statuses": _retrieve_statuses(),
        "find_keys": _find_keys(),
        "sub_associations": str(MOST_SUB_ASSOCIATIONS),
        **_migration(),
        **_media(),
        "annotations": ", ".join(sorted(ANNOTATIONS)),
        "icc_profiles": ", ".join(f"`{each}`" for each in sorted(ICC_PROFILES)),
        "commitment_class": STORAGE_COMMITMENT_PUSH_MODEL,
        "commitment_references": str(MAX_REFERENCES),
        "commitment_statuses": _commitment_statuses(),
        "commitment_failures": _commitment_failures(),
        "commitment_days": str(TRIED_FOR.days),
        "availability_class": INSTANCE_AVAILABILITY_NOTIFICATION,
        "rejection_codes": _rejection_codes(),
        "most_studies": str(MOST_STUDIES),
        "identifier_bytes": _bytes(MAX_IDENTIFIER_BYTES),
        "character_sets": ", ".join(f"`{term}`" for term in character_sets._CODECS if term),
        "resources": _resources(),
        "frame_types": _frame_types(),
        "picture_types": ", ".join(PICTURE_TYPES),
        "http_statuses": _http_statuses(),
        "failure_reasons": _failure_reasons(),
        "default_limit": str(DEFAULT_LIMIT),
        "max_limit": str(MAX_LIMIT),
        "max_offset": str(MAX_OFFSET),
        "depth": str(MAX_DEPTH),
        "inflated": _bytes(MAX_INFLATED_BYTES),
        "compared": _bytes(COMPARED_BYTES),
    }
    text = TEMPLATE.read_text(encoding="utf-8")
    for name, part in parts.items():
        assert "{{" + name + "}}" in text, f"conformance.template.md has no place for {name}"
        text = text.replace("{{" + name + "}}", part)
    assert "{{" not in text, "conformance.template.md has a place that nothing fills"
    return text


def _commitment_statuses() -> str:
    meanings = {
        INVALID_ARGUMENT_VALUE: "the action information cannot be read, or lacks a valid UID or any reference",
        int(Status.NO_SUCH_OBJECT_INSTANCE): "the request is not about the well-known instance",
        int(Status.DUPLICATE_SOP_INSTANCE): "in the table for completeness; N-ACTION does not come to it",
        int(Status.NOT_AUTHORIZED): "the caller may not store",
        RESOURCE_LIMITATION: "not now: database away, or the request is too long",
        NO_SUCH_ACTION: "the action is not 1",
        int(Status.PROCESSING_FAILURE): "a defect of ours; the log has it",
    }
    sent = dict.fromkeys([*N_ACTION_STATUS.values(), NO_SUCH_ACTION, Status.PROCESSING_FAILURE])
    return _table(("status", "meaning"), [(f"{status:04X}", meanings[int(status)]) for status in sent])


def _commitment_failures() -> str:
    meanings = {
        FailureReason.PROCESSING_FAILURE: "its bytes cannot be read, or do not have their digest",
        FailureReason.NO_SUCH_OBJECT_INSTANCE: "it is not here",
        FailureReason.CLASS_INSTANCE_CONFLICT: "it is of another SOP class",
    }
    return _table(("reason", "meaning"), [(f"{reason:04X}", meanings[reason]) for reason in FailureReason])


def _rejection_codes() -> str:
    rows = [
        (code, meaning, "hidden", "hidden" if code in NOTE_IS_HIDDEN_TOO else "shown")
        for code, meaning in REJECTION_CODES.items()
    ]
    return _table(("code (DCM)", "title", "instances", "note"), rows)


def _migration() -> dict[str, str]:
    """What we ask of an archive that is brought in."""
    return {
        "migration_find": f"`{query_retrieve_source.FIND}`",
        "migration_get": f"`{query_retrieve_source.GET}`",
        "migration_move": f"`{query_retrieve_source.MOVE}`",
        "migration_few": str(query_retrieve_source.FEW),
        "migration_syntaxes": str(len(query_retrieve_source.SYNTAXES)),
        "migration_objects": dicomweb_source._OBJECTS,
    }


def _media() -> dict[str, str]:
    """What we read from media and write to them."""
    return {
        "media_directory": f"`{MEDIA_DIRECTORY}`",
        "zip_entries": f"{MOST_ENTRIES:,}",
        "dicomdir_bytes": _bytes(LARGEST_DICOMDIR),
        "record_types": ", ".join(RECORD_TYPES),
    }


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [" | ".join(head), " | ".join("---" for _ in head), *(" | ".join(row) for row in rows)]
    return "\n".join(f"| {line} |" for line in lines)


def _identity() -> str:
    return _table(
        ("", ""),
        [
            ("Application name and version", f"Isocenter {__version__}"),
            ("Implementation Class UID", f"`{uids.IMPLEMENTATION_CLASS_UID}`"),
            ("Implementation Version Name", f"`{uids.IMPLEMENTATION_VERSION_NAME}`"),
            ("Application Context Name", f"`{uids.DICOM_APPLICATION_CONTEXT}`"),
            ("AE title", f"`{_default('ae_title')}` (`ISOCENTER_AE_TITLE`)"),
            ("Port", f"{_default('dicom_port')} (`ISOCENTER_DICOM_PORT`)"),
        ],
    )


def _syntaxes() -> str:
    storage, verification = StorageScp(cast(Any, None), cast(Any, None)), VerificationScp()
    rows = []
    for uid, syntax in TRANSFER_SYNTAXES.items():
        taken = ["no", "yes"][storage.transfer_syntax([uid]) == uid]
        echo = ["no", "yes"][verification.transfer_syntax([uid]) == uid]
        rows.append((syntax.name, f"`{uid}`", _kind(syntax), taken, echo))
    return _table(("Transfer syntax", "UID", "pixels", "Storage", "Verification"), rows)


def _kind(syntax: TransferSyntax) -> str:
    if not syntax.storable:
        return "none: not for network objects"
    if not syntax.encapsulated:
        return "native, deflated" if syntax.deflated else "native"
    return "encapsulated, may be lossy" if syntax.lossy else "encapsulated, lossless"


def _rejections() -> str:
    found = [value for value in vars(pdu).values() if isinstance(value, pdu.Rejection)]
    results = {1: "permanent", 2: "transient"}
    sources = {1: "service user", 2: "service provider (ACSE)", 3: "service provider (presentation)"}
    return _table(
        ("result", "source", "reason", "meaning"),
        [(results[each.result], sources[each.source], str(each.reason), _why(each)) for each in found],
    )


def _why(rejection: pdu.Rejection) -> str:
    extra = {
        negotiation.NO_COMMON_GROUND: f" (a caller that takes PDUs below {negotiation.SMALLEST_PDU_BYTES} bytes only)",
        negotiation.CALLING_AE_TITLE_NOT_RECOGNIZED: " (an illegal title, or not known to call from there)",
    }
    return rejection.word + extra.get(rejection, "")


def _limits() -> str:
    names = {
        "dicom_host": "listens on",
        "dicom_accept_from": "takes calls from",
        "max_associations": "associations at one time; a tenth is kept for callers that have stored before",
        "max_associations_per_address": "associations at one time from one address",
        "artim": "time for an association request (ARTIM)",
        "association_idle_for": "silence after which an association is aborted",
        "max_pdu_bytes": "largest PDU we offer to receive",
        "max_object_bytes": "largest object",
    }
    return _table(
        ("limit", "default", "setting"),
        [(meaning, _default(name), f"`ISOCENTER_{name.upper()}`") for name, meaning in names.items()],
    )


def _default(name: str) -> str:
    value = next(each.default for each in fields(Settings) if each.name == name)
    if isinstance(value, timedelta):
        return f"{value.total_seconds():.0f} s"
    if isinstance(value, tuple):
        return ", ".join(str(each) for each in value)
    return _bytes(value) if name.endswith("_bytes") and isinstance(value, int) else str(value)


def _bytes(value: int) -> str:
    for unit, size in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if value % size == 0:
            return f"{value // size} {unit}"
    return str(value)


def _statuses() -> str:
    sent = [Status.SUCCESS, Status.COERCION_OF_DATA_ELEMENTS, *STATUS_BY_REASON.values(), *STATUS_BY_FAMILY.values()]
    rows = [(f"{status:04X}", STATUS_MEANINGS[status]) for status in dict.fromkeys([*sent, Status.PROCESSING_FAILURE])]
    return _table(("status", "meaning"), rows)


def _information_models() -> str:
    nothing = cast(Any, None)
    services: list[Service] = [FindScp(nothing, nothing), MoveScp(nothing, nothing, ""), GetScp(nothing, nothing)]
    rows = [
        (model.name, f"`{uid}`", ", ".join(model.levels))
        for uid, model in INFORMATION_MODELS.items()
        if any(service.accepts(uid) for service in services)
    ]
    return _table(("SOP class", "UID", "levels"), rows)


def _retrieve_statuses() -> str:
    statuses = (
        (Status.SUCCESS, "all answers are given; all sub-operations succeeded"),
        (Status.PENDING, "one match; or the counts of sub-operations"),
        (Status.PENDING_WITH_WARNING, "one match; some keys are of no patient (level PATIENT)"),
        (Status.CANCEL, "cancelled by C-CANCEL-RQ, with the counts and the failed instances of a retrieval"),
        (Status.SUB_OPERATIONS_WITH_FAILURES, "some sub-operations failed or were stored with a remark"),
        (Status.OUT_OF_RESOURCES, "not now: database away or busy; or more would have to be looked into than one "
         "request may"),
        (Status.OUT_OF_RESOURCES_FOR_SUB_OPERATIONS, "no sub-operation succeeded"),
        (Status.MOVE_DESTINATION_UNKNOWN, "the destination is not entered, may not be sent to, or is this archive"),
        (Status.DATA_SET_DOES_NOT_MATCH_SOP_CLASS, "the identifier cannot be read, has no level of the model, lacks a "
         "unique key, or has a wildcard in one that is retrieved by"),
        (Status.SOP_CLASS_NOT_SUPPORTED, "the request came in the presentation context of another service"),
        (Status.NOT_AUTHORIZED, "the caller may not read"),
        (Status.UNABLE_TO_PROCESS, "a defect of ours; the log has it"),
    )  # fmt: skip
    return _table(("status", "meaning"), [(f"{status:04X}", meaning) for status, meaning in statuses])


def _find_keys() -> str:
    lines = []
    for level, tags in (
        ("patient", [*PATIENT_COLUMNS, *PATIENT_COUNTS]),
        ("study", STUDY_COLUMNS),
        ("series", [*SERIES_COLUMNS, SERIES_INSTANCES]),
        ("image", INSTANCE_VRS),
    ):
        lines.append(f"- {level}: " + ", ".join(f"{keyword_for_tag(tag)} ({tag:08X})" for tag in sorted(tags)))
    return "\n".join(lines)


def _resources() -> str:
    async def nobody(_request: object) -> Answer:
        raise AssertionError("nothing is asked here")

    service = DicomwebService(cast(Any, MagicMock()), cast(Any, MagicMock()), nobody, cast(Any, MagicMock()))
    try:
        reading, storing, deleting = sorted(service._reading), sorted(service._storing), sorted(service._deleting)
    finally:
        service.close()
    rows = [("GET, HEAD", f"`/dicom-web/{_shown(each)}`", RESOURCES[_word(each)]) for each in reading]
    rows += [("POST", f"`/dicom-web/{_shown(each)}`", RESOURCES["store"]) for each in storing]
    rows += [("DELETE", f"`/dicom-web/{_shown(each)}`", RESOURCES["delete"]) for each in deleting]
    rows.append(("OPTIONS", "`/dicom-web/`", RESOURCES[""]))
    return _table(("method", "resource", "what"), rows)


def _word(resource: str) -> str:
    words = resource.split("/")
    if words[-1] == "*":
        return "frames" if words[-2] == "frames" else "objects"
    return "search" if words[-1] in ("studies", "series", "instances") else words[-1]


def _shown(resource: str) -> str:
    names = iter(("{study}", "{series}", "{instance}", "{frames}"))
    return "/".join(next(names) if word == "*" else word for word in resource.split("/")) + (
        "/{path}" if resource.endswith("instances/*/bulkdata") else ""
    )


def _frame_types() -> str:
    return _table(
        ("stored transfer syntax", "media type"),
        [
            (f"{TRANSFER_SYNTAXES[uid].name} (`{uid}`)", kind)
            for uid, kind in FRAME_MEDIA_TYPES.items()
            if uid in TRANSFER_SYNTAXES
        ],
    )


def _http_statuses() -> str:
    return _table(("error", "status"), [(_sentence(error), str(status)) for error, status in HTTP_STATUS])


def _failure_reasons() -> str:
    return _table(("error", "reason"), [(_sentence(error), f"{code:04X}") for error, code in FAILURE_REASON])


def _sentence(error: type[Exception]) -> str:
    return f"`{error.__name__}`: " + (error.__doc__ or "").split("\n\n", 1)[0].split("(PS3")[0].strip().rstrip(".")
