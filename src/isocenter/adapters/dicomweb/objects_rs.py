"""WADO-RS studies, series and instances (PS3.18 10.4.1.1.1): whole objects, each a part, one alone, or in a ZIP."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

from isocenter.adapters.dicomweb.answers import Answer, multipart_type
from isocenter.adapters.dicomweb.negotiation import DICOM, ZIP, Container, DicomForm, NotAcceptable, dicom_forms
from isocenter.adapters.dicomweb.requests import DicomwebRequest
from isocenter.adapters.dicomweb.retrieval import Retrieval, addressed
from isocenter.delivery.download import download
from isocenter.delivery.instances import Delivery, delivery_of, prepared
from isocenter.delivery.study_view import InstanceView, StudyView
from isocenter.kit.clock import utc_now
from isocenter.storage.extents import Extent
from isocenter.wire.multipart import closing, new_boundary, part_head


class ObjectsDoor:
    """Whole objects of one process."""

    def __init__(self, retrieval: Retrieval) -> None:
        self._retrieval = retrieval
        self._library = retrieval.library

    async def objects(self, request: DicomwebRequest) -> Answer:
        """GET …/studies/*, …/series/*, …/instances/*."""
        forms = dicom_forms(request.accept())
        view = await self._retrieval.view(request)
        _, instances = addressed(request, view)
        form, deliveries = _chosen(forms, instances)
        self._retrieval.sending.admit()
        if form.container is Container.ZIP:
            return await self._zipped(view, instances, form)
        await self._retrieval.run(self._retrieval.check_here, deliveries)
        if form.container is Container.ALONE and len(deliveries) == 1:
            return await self._alone(deliveries[0])
        return self._multipart(request, deliveries)

    async def _alone(self, delivery: Delivery) -> Answer:
        delivery = await self._prepared(delivery)
        plan = self._retrieval.sending.plan([delivery.head, *delivery.pieces])
        return Answer(media_type=_dicom_type(delivery), plan=plan, length=plan.length)

    def _multipart(self, request: DicomwebRequest, deliveries: Sequence[Delivery]) -> Answer:
        boundary = new_boundary()
        prefix = f"{request.base_url()}/studies/{request.segments[1]}/series/"
        media_type = multipart_type(boundary, DICOM)
        heads = [_head(boundary, prefix, one, first=one is deliveries[0]) for one in deliveries]
        if not all(delivery.is_prepared for delivery in deliveries):
            made = self._retrieval.made_ahead(deliveries, heads, closing(boundary))
            if made.length is None:
                return Answer(media_type=media_type, pieces=made.pieces(), length=None)
            return Answer(media_type=media_type, plan=made, length=made.length)
        parts: list[bytes | Extent] = []
        for head, delivery in zip(heads, deliveries, strict=True):
            parts.append(head + delivery.head)
            parts += delivery.pieces
        plan = self._retrieval.sending.plan([*parts, closing(boundary)])
        return Answer(media_type=media_type, plan=plan, length=plan.length)

    async def _prepared(self, delivery: Delivery) -> Delivery:
        if delivery.is_prepared:
            return delivery
        return await self._retrieval.work(prepared, self._library, delivery)

    async def _zipped(self, view: StudyView, instances: Sequence[InstanceView], form: DicomForm) -> Answer:
        wanted, at = form.transfer_syntaxes, utc_now().replace(tzinfo=None)
        made = await self._retrieval.run(download, self._library, view, instances, wanted=wanted, at=at)

        async def pieces() -> AsyncGenerator[bytes, None]:
            try:
                while (piece := await self._retrieval.work(next, made.pieces, None)) is not None:
                    yield piece
            finally:
                await self._retrieval.work(made.pieces.close)

        headers = [(b"content-disposition", f'attachment; filename="{view.study_instance_uid}.zip"'.encode("ascii"))]
        counted = self._retrieval.sending.counted(pieces())
        return Answer(media_type=ZIP.encode(), headers=headers, pieces=counted, length=made.length)


def _chosen(forms: Sequence[DicomForm], instances: Sequence[InstanceView]) -> tuple[DicomForm, list[Delivery]]:
    """The first form in which every instance can be given, and how. Raises NotAcceptable."""
    missing: InstanceView | None = None
    for form in forms:
        found = [delivery_of(instance, form.transfer_syntaxes) for instance in instances]
        given = [delivery for delivery in found if delivery is not None]
        if len(given) == len(found):
            return form, given
        missing = next(one for one, delivery in zip(instances, found, strict=True) if delivery is None)
    assert missing is not None
    raise NotAcceptable(
        "An object cannot be given in a transfer syntax that the Accept header names.",
        sop_instance_uid=missing.sop_instance_uid,
        transfer_syntax_uid=missing.form.transfer_syntax_uid,
    )


def _head(boundary: bytes, prefix: str, delivery: Delivery, *, first: bool) -> bytes:
    instance = delivery.instance
    location = f"{prefix}{instance.series_instance_uid}/instances/{instance.sop_instance_uid}"
    headers = (("Content-Type", _dicom_type(delivery).decode()), ("Content-Location", location))
    return part_head(boundary, headers, first=first)


def _dicom_type(delivery: Delivery) -> bytes:
    return f"{DICOM}; transfer-syntax={delivery.transfer_syntax_uid}".encode()
