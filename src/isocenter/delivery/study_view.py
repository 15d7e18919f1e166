"""What the read path knows of a study: its series and instances, and in which encodings each lies where.

Values only: made by `locate`, read by everything else here, never changed. An instance of a sealed study that is still
in the journal has two forms; the received one is preferred, because it needs no rebuilding.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from isocenter.delivery.errors import UnknownInstance, UnknownSeries
from isocenter.standards.dicom.overlay import Correction
from isocenter.standards.dicom.transfer_syntaxes import TransferSyntax, transfer_syntax
from isocenter.storage.extents import Extent
from isocenter.storage.manifest import InstanceEntry, Manifest

UNSCANNED = -1


@dataclass(frozen=True, slots=True)
class Packed:
    """An instance in a pack."""

    manifest: Manifest
    entry: InstanceEntry


@dataclass(frozen=True, slots=True)
class Form:
    """One encoding of an instance that lies somewhere as one data set (no preamble, no file meta information).

    header_length: bytes before the pixel data element, all of them when there is none or the data set is deflated;
    UNSCANNED: not known before the data set is scanned (`Library.form`), and then nor are the next two.
    pixel_offset: of the pixel data's value from the start of the data set; None: no pixel data is seen from outside.
    pixel_length: of that value; None when encapsulated. packed: the pack's own words for it, when it lies in one.
    """

    transfer_syntax_uid: str
    data_set: Extent
    header_length: int
    pixel_offset: int | None
    pixel_length: int | None
    packed: Packed | None = None

    @property
    def syntax(self) -> TransferSyntax:
        """Its transfer syntax."""
        return transfer_syntax(self.transfer_syntax_uid)

    @property
    def encapsulated(self) -> bool:
        """Whether the pixels lie in fragments (PS3.5 A.4)."""
        return self.pixel_offset is not None and self.pixel_length is None

    def within(self, offset: int, length: int) -> Extent:
        """An extent of the data set, by its offset there."""
        return Extent(self.data_set.source, self.data_set.offset + offset, length)


@dataclass(frozen=True, slots=True)
class InstanceView:
    """One instance. forms: the preferred first, never empty. digest: of the data set as received.

    default_character_set: what an open one that names no set was indexed with; the JSON of a sealed one has it inside.
    corrections: what lies over it, in order; whoever hands it out applies them (`instances`, `metadata`).
    """

    sop_instance_uid: str
    sop_class_uid: str
    series_instance_uid: str
    instance_number: int | None
    number_of_frames: int
    rows: int | None
    columns: int | None
    bits_allocated: int | None
    samples_per_pixel: int | None
    photometric_interpretation: str | None
    digest: bytes
    received_syntax_uid: str
    forms: tuple[Form, ...]
    default_character_set: str | None = None
    corrections: tuple[Correction, ...] = ()

    @property
    def form(self) -> Form:
        """The form that is read first."""
        return self.forms[0]

    @property
    def without_pixels(self) -> bool:
        """Whether it is known to hold no pixel data, though its header may speak of rows and columns."""
        return any(
            form.header_length != UNSCANNED and form.pixel_offset is None and not form.syntax.deflated
            for form in self.forms
        )

    @property
    def packed(self) -> Packed | None:
        """What the pack says of it; None while it is open."""
        return next((form.packed for form in self.forms if form.packed is not None), None)


@dataclass(frozen=True, slots=True)
class SeriesView:
    """One series with its instances, ordered by instance number, then UID."""

    series_instance_uid: str
    modality: str | None
    series_number: int | None
    instances: tuple[InstanceView, ...]


@dataclass(frozen=True)
class StudyView:
    """One study at one version. A new instance, sealing or a correction makes a new version."""

    institution_id: int
    study_instance_uid: str
    study_id: int
    version: int
    state: str
    series: Mapping[str, SeriesView]

    @cached_property
    def instances(self) -> Mapping[str, InstanceView]:
        """All instances of the study by SOP Instance UID."""
        return {instance.sop_instance_uid: instance for series in self.series.values() for instance in series.instances}

    def of_series(self, series_instance_uid: str) -> SeriesView:
        """One series. Raises UnknownSeries."""
        found = self.series.get(series_instance_uid)
        if found is None:
            raise UnknownSeries("The study has no such series.", series_instance_uid=series_instance_uid)
        return found

    def of_instance(self, series_instance_uid: str, sop_instance_uid: str) -> InstanceView:
        """One instance of a series. Raises UnknownSeries, UnknownInstance."""
        found = self.instances.get(sop_instance_uid)
        if found is None or found.series_instance_uid != series_instance_uid:
            self.of_series(series_instance_uid)
            raise UnknownInstance("The series has no such instance.", sop_instance_uid=sop_instance_uid)
        return found


def in_order(instances: Iterable[InstanceView]) -> tuple[InstanceView, ...]:
    """Instances by instance number, those without one last, then by UID."""
    return tuple(
        sorted(
            instances,
            key=lambda one: (one.instance_number is None, one.instance_number or 0, one.sop_instance_uid),
        )
    )
