"""Searching side by side with Orthanc, by QIDO-RS and C-FIND, and alone in an index as large as a region's.

One question at a time over one connection, the questions of both servers in turn. Both hold the same small objects; the
large index is filled by SQL with studies whose instances are sealed, under the row-level security of every query.
"""

from __future__ import annotations

import shutil
import socket
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from functools import partial
from urllib.parse import urlencode

from bench.association import Association
from bench.blast import blast
from bench.data import Instance
from bench.index_fill import PER_STUDY, ROOT, bytes_by_table, fill
from bench.node import eventually, free_port, new_folder
from bench.reader import Connection
from bench.reading import Target
from bench.servers import _orthanc, isocenter
from isocenter.apps.postgres.embedded import running
from isocenter.standards.dicom.identifiers import encode_identifier

STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
EXPLICIT = "1.2.840.10008.1.2.1"
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
LONG_SERIES = 200
LONG_STUDY = f"{ROOT}.0"
PAGE = 100

Keys = Mapping[int, tuple[str, tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class Question:
    """One search in both languages. path and query: of QIDO-RS; keys: of C-FIND, None where it has no such question."""

    name: str
    path: str
    query: Mapping[str, str]
    keys: Keys | None


@dataclass(frozen=True, slots=True)
class Asked:
    """One round of one question. results: how many answers it had."""

    server: str
    door: str
    studies: int
    question: str
    p50_ms: float
    p95_ms: float
    results: int


def questions(studies: int) -> list[Question]:
    """What is asked of so many studies; each has as many answers at every size, at most a page."""
    middle = max(1, studies // 2 + 1) | 1
    uid = f"{ROOT}.{middle}"
    day = (date(2000, 1, 1) + timedelta(days=middle // 50)).strftime("%Y%m%d")
    name, patient = f"FAMILY{middle // 20}*", f"P{middle // 2:08d}"
    study: dict[int, tuple[str, tuple[str, ...]]] = {
        0x00080020: ("DA", ()),
        0x00080052: ("CS", ("STUDY",)),
        0x00100010: ("PN", ()),
        0x00100020: ("LO", ()),
        0x0020000D: ("UI", ()),
    }
    counts: dict[int, tuple[str, tuple[str, ...]]] = {
        0x00080061: ("CS", ()),
        0x00201206: ("IS", ()),
        0x00201208: ("IS", ()),
    }
    counted = {"StudyDate": day, "includefield": "00080061,00201206,00201208"}
    of_study: Keys = {0x00080052: ("CS", ("SERIES",)), 0x0020000D: ("UI", (uid,)), 0x0020000E: ("UI", ())}
    of_series: Keys = {
        0x00080018: ("UI", ()),
        0x00080052: ("CS", ("IMAGE",)),
        0x0020000D: ("UI", (LONG_STUDY,)),
        0x0020000E: ("UI", (f"{LONG_STUDY}.1",)),
        0x00200013: ("IS", ()),
    }
    long_series = f"studies/{LONG_STUDY}/series/{LONG_STUDY}.1"
    return [
        Question("name*", "studies", {"PatientName": name}, {**study, 0x00100010: ("PN", (name,))}),
        Question("Patient ID", "studies", {"PatientID": patient}, {**study, 0x00100020: ("LO", (patient,))}),
        Question("date range", "studies", {"StudyDate": f"{day}-{day}"}, {**study, 0x00080020: ("DA", (day,))}),
        Question("50 studies with counts", "studies", counted, {**study, **counts, 0x00080020: ("DA", (day,))}),
        Question("series of a study", f"studies/{uid}/series", {}, of_study),
        Question("200 instances", f"{long_series}/instances", {}, of_series),
        Question("metadata of 200 instances", f"{long_series}/metadata", {}, None),
    ]


def common_questions() -> list[Question]:
    """What has ever more answers in a larger index; a page of them is asked for."""
    return [
        Question("newest", "studies", {}, None),
        Question("common name*", "studies", {"PatientName": "Wang*"}, None),
        Question("fuzzy", "studies", {"PatientName": "wangxm", "fuzzymatching": "true"}, None),
        Question("modality", "studies", {"ModalitiesInStudy": "SR"}, None),
        Question("*leading wildcard", "studies", {"PatientName": "*mily1^*"}, None),
    ]


class WebDoor:
    """QIDO-RS over one connection that stays open."""

    name = "QIDO-RS"

    def __init__(self, target: Target) -> None:
        self._target = target
        self._connection = Connection(target.port)

    def asking(self, question: Question) -> Callable[[], None]:
        """What asks it once and reads the whole answer. The request is made here, before anybody looks at a clock."""
        whole = question.path.endswith(("instances", "metadata"))
        query = "" if whole else f"?{urlencode({**question.query, 'limit': str(PAGE)}, safe='*,^')}"
        headers = {
            "Host": f"127.0.0.1:{self._target.port}",
            "Accept": "application/dicom+json",
            **self._target.headers,
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        request = f"GET {self._target.root}/{question.path}{query} HTTP/1.1\r\n{lines}\r\n"
        return partial(self._ask, request.encode())

    def _ask(self, request: bytes) -> None:
        # Orthanc closes connections that rested a second: then once more on a new one.
        try:
            self._connection.get(request)
        except (EOFError, ConnectionResetError, BrokenPipeError):
            self._connection.close()
            self._connection.get(request)

    @property
    def results(self) -> int:
        """How many the last answer had."""
        return self._connection.body.count(b'"0020000D"')

    def close(self) -> None:
        """End the connection."""
        self._connection.close()


class DimseDoor:
    """C-FIND over one association that stays open."""

    name = "C-FIND"

    def __init__(self, port: int, ae_title: str) -> None:
        self._association = Association(port, called=ae_title, contexts=[(STUDY_ROOT_FIND, EXPLICIT)])
        self.results = 0

    def asking(self, question: Question) -> Callable[[], None]:
        """What asks it once and reads to the last response."""
        assert question.keys is not None
        identifier = encode_identifier(question.keys, EXPLICIT)
        return partial(self._ask, self._association.find_message(STUDY_ROOT_FIND, EXPLICIT, identifier))

    def _ask(self, message: list[bytes | memoryview]) -> None:
        self.results = self._association.find(message)

    def close(self) -> None:
        """Release."""
        self._association.release()


Door = WebDoor | DimseDoor


def objects(studies: int, per_study: int) -> list[Instance]:
    """Small CT objects without pixels: what `index_fill` describes, and a first study with one long series."""
    found = [_object(0, 1, number, "Long^Series", "LONG") for number in range(1, LONG_SERIES + 1)]
    for study in range(1, studies + 1):
        name = f"Wang^XiaoMing{study % 1000}=王^小明" if study % 10 == 0 else f"Family{study // 20}^Given{study % 997}"
        for number in range(per_study):
            found.append(_object(study, 1 + number % 2, number, name, f"P{study // 2:08d}"))
    return found


def _object(study: int, series: int, number: int, name: str, patient_id: str) -> Instance:
    study_uid = f"{ROOT}.{study}"
    uid = f"{study_uid}.{series}.{number}"
    day = (date(2000, 1, 1) + timedelta(days=study // 50)).strftime("%Y%m%d")
    attributes: dict[int, tuple[str, tuple[object, ...]]] = {
        0x00080016: ("UI", (CT_IMAGE,)),
        0x00080018: ("UI", (uid,)),
        0x00080020: ("DA", (day,)),
        0x00080030: ("TM", ("101530",)),
        0x00080050: ("SH", (f"A{study:09d}",)),
        0x00080060: ("CS", ("CT" if series == 1 else "SR",)),
        0x00081030: ("LO", ("CT chest with contrast",)),
        0x00100010: ("PN", (name,)),
        0x00100020: ("LO", (patient_id,)),
        0x00100030: ("DA", ("19700101",)),
        0x00100040: ("CS", ("F",)),
        0x0020000D: ("UI", (study_uid,)),
        0x0020000E: ("UI", (f"{study_uid}.{series}",)),
        0x00200010: ("SH", (str(study),)),
        0x00200011: ("IS", (series,)),
        0x00200013: ("IS", (number,)),
    }
    data_set = encode_identifier(attributes, EXPLICIT)
    return Instance(CT_IMAGE, uid, study_uid, f"{study_uid}.{series}", EXPLICIT, (memoryview(data_set),))


@contextmanager
def orthanc() -> Iterator[Target]:
    """Orthanc with its DICOMweb plugin, as shipped, that lets us ask."""
    folder, port = new_folder("bench-orthanc-"), free_port()
    options = {"HttpServerEnabled": True, "HttpPort": port, "AuthenticationEnabled": False}
    started = _orthanc(**options, DicomAlwaysAllowFind=True)(folder)
    try:
        if not eventually(lambda: _listens(port), 30):
            raise RuntimeError("Orthanc's web server did not come up")
        address = f"{started.port} {started.ae_title}"
        yield Target("Orthanc", port, "/dicom-web", started.roots, {"dimse": address})
    finally:
        started.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


@contextmanager
def ours() -> Iterator[tuple[Target, str]]:
    """Isocenter as shipped, which does not seal meanwhile; (how it is asked, address of its database as the owner)."""
    folder = new_folder("bench-query-")
    started = isocenter(ISOCENTER_QUIET_FOR="12h")(folder)
    node = started.node
    assert node is not None
    headers = {"Authorization": f"Bearer {node.token}", "dimse": f"{started.port} {started.ae_title}"}
    try:
        url = running(node.home)
        assert url is not None
        yield Target("Isocenter", node.http_port, "/dicom-web", started.roots, headers), url
    finally:
        started.stop()
        shutil.rmtree(folder, ignore_errors=True)


def beside_orthanc(sizes: Sequence[int], *, per_study: int, repeats: int) -> list[Asked]:
    """Every question at both servers, at each size."""
    found: list[Asked] = []
    for studies in sizes:
        with orthanc() as theirs, ours() as (mine, _):
            for target in (theirs, mine):
                port, ae_title = target.headers["dimse"].split()
                blast(int(port), ae_title, objects(studies, per_study), 4)
            found += _rounds([theirs, mine], studies, questions(studies), repeats)
    return found


def alone(sizes: Sequence[int], *, repeats: int) -> tuple[list[Asked], dict[int, dict[str, tuple[int, int]]]]:
    """The same questions in our index at each size, filled by SQL; and (bytes of tables, of indexes) by size."""
    found: list[Asked] = []
    bytes_at: dict[int, dict[str, tuple[int, int]]] = {}
    for studies in sizes:
        with ours() as (mine, url):
            port, ae_title = mine.headers["dimse"].split()
            blast(int(port), ae_title, objects(0, 0), 1)
            fill(url, 1, studies + 1, first=1, said=_progress)
            bytes_at[studies] = bytes_by_table(url)
            found += _rounds([mine], studies, [*questions(studies), *common_questions()], repeats)
    return found, bytes_at


def _progress(text: str) -> None:
    print(f"  {text}", end="\r", flush=True)


def _rounds(targets: Sequence[Target], studies: int, asked: Sequence[Question], repeats: int) -> list[Asked]:
    found = []
    with ExitStack() as stack:
        doors: list[tuple[str, Door]] = []
        for target in targets:
            port, ae_title = target.headers["dimse"].split()
            headers = {name: value for name, value in target.headers.items() if name != "dimse"}
            web = WebDoor(Target(target.name, target.port, target.root, target.roots, headers))
            dimse = DimseDoor(int(port), ae_title)
            for door in (web, dimse):
                stack.callback(door.close)
                doors.append((target.name, door))
        for question in asked:
            for _ in range(repeats):
                for server, door in doors:
                    if question.keys is not None or isinstance(door, WebDoor):
                        found.append(_said(_ask(server, door, studies, question)))
    return found


def _ask(server: str, door: Door, studies: int, question: Question) -> Asked:
    """One round: as often as half a second allows, at least five times and at most fifty."""
    ask = door.asking(question)
    ask()
    count = door.results
    times: list[float] = []
    began = time.perf_counter()
    while len(times) < 5 or (len(times) < 50 and time.perf_counter() - began < 0.5):
        start = time.perf_counter()
        ask()
        times.append((time.perf_counter() - start) * 1000)
    times.sort()
    p95 = times[min(len(times) - 1, int(len(times) * 0.95))]
    return Asked(server, door.name, studies, question.name, statistics.median(times), p95, count)


def _said(one: Asked) -> Asked:
    print(
        f"{one.server:10} {one.door:8} {one.studies:9,d} studies  {one.question:28} {one.results:5d} results"
        f"  p50 {one.p50_ms:9.2f} ms  p95 {one.p95_ms:9.2f} ms",
        flush=True,
    )
    return one


def markdown(
    beside: Sequence[Asked], by_size: Sequence[Asked], bytes_at: Mapping[int, Mapping[str, tuple[int, int]]]
) -> str:
    """Tables: beside Orthanc, by size of the index, bytes of the index."""
    lines = _table(
        beside,
        ["question", "door", "studies", "Orthanc ms", "Isocenter ms", "times faster"],
        lambda group: _ratio(group, ("server", "Orthanc"), ("server", "Isocenter"), invert=False),
        ("question", "door", "studies"),
    )
    if by_size:
        small, large = min(one.studies for one in by_size), max(one.studies for one in by_size)
        lines += ["", f"Our index alone, {PER_STUDY} sealed instances a study, row-level security on.", ""]
        lines += _table(
            by_size,
            ["question", "door", f"{small:,} studies ms", f"{large:,} studies ms", "times slower"],
            lambda group: _ratio(group, ("studies", small), ("studies", large), invert=True),
            ("question", "door"),
        )
    for studies, tables in bytes_at.items():
        instances = studies * PER_STUDY
        lookup = sum(tables["instance_lookup"])
        rest = sum(sum(both) for name, both in tables.items() if name != "instance_lookup")
        lines += [
            "",
            f"{studies:,} studies, {instances:,} sealed instances: {(lookup + rest) / instances:.1f} bytes of index an "
            f"instance: the look-up {lookup / instances:.1f}, and {rest / studies:,.0f} bytes a study with its series.",
        ]
    return "\n".join(lines) + "\n"


def _table(
    asked: Sequence[Asked], head: Sequence[str], cells: Callable[[list[Asked]], str], by: Sequence[str]
) -> list[str]:
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)] if asked else []
    for key in dict.fromkeys(tuple(getattr(one, name) for name in by) for one in asked):
        group = [one for one in asked if tuple(getattr(one, name) for name in by) == key]
        lines.append(f"| {' | '.join(str(word) for word in key)} | {cells(group)} |")
    return lines


def _ratio(group: Sequence[Asked], first: tuple[str, object], second: tuple[str, object], *, invert: bool) -> str:
    sides = []
    for name, value in (first, second):
        times = [one.p50_ms for one in group if getattr(one, name) == value]
        sides.append(statistics.median(times) if times else None)
    left, right = sides
    shown = [f"{side:.2f}" if side is not None else "" for side in sides]
    if left is None or right is None:
        return f"{shown[0]} | {shown[1]} | "
    return f"{shown[0]} | {shown[1]} | {right / left if invert else left / right:.1f}×"


def as_json(
    beside: Sequence[Asked], by_size: Sequence[Asked], bytes_at: Mapping[int, Mapping[str, tuple[int, int]]]
) -> dict[str, object]:
    """Every round."""
    return {
        "beside": [asdict(one) for one in beside],
        "by_size": [asdict(one) for one in by_size],
        "bytes": {str(studies): dict(tables) for studies, tables in bytes_at.items()},
    }
