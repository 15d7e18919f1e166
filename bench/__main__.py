"""`python -m bench [ingest|sealing|first-image|faults|hostile|reading|retrieve|quick]`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from bench import (
    cold,
    faults,
    hostile,
    ingest,
    lead_model,
    models,
    query,
    reading,
    region,
    report,
    retrieve,
    scrub,
    sealing,
    servers,
    site,
    start,
)

SHARED_DATA = Path(os.environ.get("ISOCENTER_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
"""Real DICOM data beside the checkout."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of the benches; 0 when every run counted."""
    chosen = _parser().parse_args(arguments)
    work = chosen.work
    status: int = work(chosen)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.set_defaults(
        work=_ingest, servers="", scenes="ct1,ct4,mr4,ct1-storescu,ct4-dcmsend", repeats=5, docs=False, small=False
    )
    commands = parser.add_subparsers(title="benches (ingest when none is named)")
    table = commands.add_parser("ingest", help="C-STORE beside the peers, interleaved")
    table.add_argument(
        "--servers", default="", help="names, separated by commas: " + ", ".join(s.name for s in servers.SERVERS)
    )
    table.add_argument("--scenes", default="ct1,ct4,mr4,ct1-storescu,ct4-dcmsend", help="columns, separated by commas")
    table.add_argument("--repeats", type=int, default=5)
    table.add_argument("--small", action="store_true", help="a tenth of the data")
    table.add_argument("--docs", action="store_true", help="write the table into docs/performance.md")
    table.set_defaults(work=_ingest)
    quick = commands.add_parser(
        "quick", help="one small repeat of everything that is installed: does the bench itself work?"
    )
    quick.set_defaults(work=_quick)
    seals = commands.add_parser("sealing", help="what sealing costs per CT, and ingest while it runs")
    seals.add_argument("--rounds", type=int, default=10, help="0 measures the cost of sealing alone")
    seals.add_argument("--seconds", type=float, default=60, help="of each round")
    seals.add_argument("--associations", type=int, default=4)
    seals.add_argument("--docs", action="store_true", help="write the table into docs/performance.md")
    seals.set_defaults(work=_sealing)
    first = commands.add_parser("first-image", help="from the click in the list to the first image, in a real browser")
    first.add_argument("--folder", type=Path, default=SHARED_DATA / "ct-chest-cmbcrc", help="one study")
    first.add_argument("--repeats", type=int, default=5)
    first.add_argument("--docs", action="store_true", help="write the table into docs/performance.md")
    first.set_defaults(work=_first_image)
    room = commands.add_parser("reading-room", help="the viewer beside OHIF on Orthanc, in a real browser")
    room.add_argument("--folder", type=Path, default=SHARED_DATA / "ct-chest-cmbcrc", help="one study of 83 slices")
    room.add_argument("--scenes", default="83,1000,3000,83-slow,1000-slow", help="separated by commas")
    room.add_argument("--repeats", type=int, default=3)
    room.add_argument("--only", choices=["", "ours", "theirs"], default="")
    room.add_argument("--docs", action="store_true", help="write the table into docs/performance.md")
    room.set_defaults(work=_reading_room)
    held = commands.add_parser("renderer-memory", help="the page's process with a whole series, beside OHIF's")
    held.add_argument("--folder", type=Path, default=SHARED_DATA / "ct-chest-cmbcrc", help="one study of 83 slices")
    held.add_argument("--slices", default="83,1000,3000", help="separated by commas")
    held.add_argument("--repeats", type=int, default=5)
    held.add_argument("--only", choices=["", "ours", "theirs"], default="")
    held.add_argument("--docs", action="store_true", help="write the table into docs/performance.md")
    held.set_defaults(work=_renderer_memory)
    retrieving = commands.add_parser("retrieve", help="C-GET and C-MOVE of a hot series beside Orthanc, interleaved")
    retrieving.add_argument("--scenes", default=",".join(retrieve.SCENES), help="columns, separated by commas")
    retrieving.add_argument("--repeats", type=int, default=5)
    retrieving.add_argument("--slices", type=int, default=200)
    retrieving.add_argument("--docs", action="store_true", help="write the table into docs/performance.md")
    retrieving.set_defaults(work=_retrieve)
    scrubbing = commands.add_parser("scrub", help="copies written down, copied, read again, mended and moved: rates")
    scrubbing.add_argument("--packs", type=int, default=16)
    scrubbing.add_argument("--pack-mb", type=int, default=128)
    scrubbing.set_defaults(work=lambda chosen: scrub.run(chosen.packs, chosen.pack_mb))
    exploring = commands.add_parser(
        "models", help="what decides about copies and retention, explored to the last state"
    )
    exploring.set_defaults(work=lambda _: models.run())
    chilly = commands.add_parser("cold", help="the first frame of a study whose pack lies in an S3 store")
    chilly.add_argument("--studies", type=int, default=10)
    chilly.add_argument("--docs", action="store_true", help="write the table into docs/performance.md")
    chilly.set_defaults(work=_cold)
    killing = commands.add_parser("faults", help="kill -9 during ingest, with a ledger of every acknowledgement")
    killing.add_argument("--rounds", type=int, default=20)
    killing.add_argument("--seed", type=int, default=0)
    killing.add_argument("--senders", type=int, default=4)
    killing.add_argument("--victims", default=",".join(faults.VICTIMS))
    killing.set_defaults(work=_faults)
    starting = commands.add_parser("start", help="until `isocenter up` is ready, its memory, and killed processes")
    starting.add_argument("--repeats", type=int, default=5)
    starting.set_defaults(work=lambda chosen: start.run(chosen.repeats))
    twice = commands.add_parser("two-copies", help="ingest acknowledged after two disks beside ingest after one")
    twice.add_argument("--repeats", type=int, default=5)
    twice.add_argument("--small", action="store_true", help="a tenth of the data")
    twice.add_argument("--docs", action="store_true", help="write the table into docs/performance.md")
    twice.set_defaults(work=_two_copies)
    sealed = commands.add_parser("encryption", help="ingest and reading with encryption beside without")
    sealed.add_argument("--repeats", type=int, default=5)
    sealed.add_argument("--small", action="store_true", help="a tenth of the data")
    sealed.add_argument("--reading", action="store_true", help="only reading")
    sealed.add_argument("--docs", action="store_true", help="write the table into docs/performance.md")
    sealed.set_defaults(work=_encryption)
    disk = commands.add_parser("failing-disk", help="every call that writes fails once: nothing acknowledged is lost")
    disk.add_argument("--most", type=int, default=200, help="calls that are tried")
    disk.set_defaults(work=_failing_disk)
    restores = commands.add_parser("restore", help="GB a minute of backup, restore and rebuild-index")
    restores.add_argument("--studies", type=int, default=10)
    restores.add_argument("--slices", type=int, default=200)
    restores.add_argument("--repeats", type=int, default=5)
    restores.set_defaults(work=_restore)
    trouble = commands.add_parser("region-faults", help="kills and cuts all over a region, with a ledger")
    trouble.add_argument("--minutes", type=float, default=20)
    trouble.add_argument("--seed", type=int, default=0)
    trouble.add_argument("--pace", type=float, default=10, help="objects a second, of each of the four senders")
    trouble.add_argument("--small", action="store_true", help="small objects only")
    trouble.add_argument("--set", action="append", default=[], metavar="ISOCENTER_NAME=VALUE", help="for every node")
    trouble.add_argument("--one-site", action="store_true", help="without another site that everything is copied to")
    trouble.add_argument("--loopback", action="store_true", help="without network namespaces: a cut is a standstill")
    trouble.set_defaults(work=_region_faults)
    crowd = commands.add_parser(
        "hostile", help="500 silent connections and 500 idle associations beside a known caller"
    )
    crowd.set_defaults(work=_hostile)
    reads = commands.add_parser("reading", help="WADO-RS and STOW-RS beside Orthanc's DICOMweb plugin")
    reads.add_argument("--repeats", type=int, default=5)
    reads.add_argument("--seconds", type=float, default=4, help="of each run")
    reads.add_argument("--only", default=".", help="a pattern of the works' names")
    reads.add_argument("--docs", action="store_true", help="write the table into docs/performance.md")
    reads.set_defaults(work=_reading)
    hosts = commands.add_parser("nodes", help="how long a region is without a process, a host, or nodes in turn")
    hosts.add_argument("--repeats", type=int, default=5)
    hosts.add_argument("--loopback", action="store_true", help="without network namespaces: a cut is a standstill")
    hosts.add_argument("--docs", action="store_true")
    hosts.set_defaults(work=_nodes)
    people = commands.add_parser("region", help="what rights and the trail cost, and a thousand people at their lists")
    people.add_argument("--repeats", type=int, default=5)
    people.add_argument("--seconds", type=float, default=60, help="that the crowd asks")
    people.add_argument("--docs", action="store_true", help="write the table into docs/performance.md")
    people.set_defaults(work=_region)
    lost_site = commands.add_parser("site", help="loss of a whole site at 20 Mbit/s and 50 ms: RTO, RPO (as root)")
    site.arguments_of(lost_site)
    lost_site.set_defaults(work=site.main)
    leads = commands.add_parser("lead-model", help="two sites and a witness in every order of events: never two lead")
    leads.add_argument("--ticks", type=int, default=3, help="seconds of the model; 3 takes a minute, 9 ten minutes")
    leads.set_defaults(work=lead_model.main)
    looks = commands.add_parser("every-series", help="every series of some folders opened in the viewer: pictures")
    looks.add_argument("folders", type=Path, nargs="*", default=[SHARED_DATA])
    looks.add_argument("--to", type=Path, required=True, help="where pictures and contact sheets go")
    looks.add_argument("--views", default="", help="desk-en,phone-zh,desk-zh,phone-en; all when empty")
    looks.add_argument("--only", default="", help="a part of the series' words")
    looks.set_defaults(work=_every_series)
    walks = commands.add_parser("walk", help="pictures of real studies in the viewer, for the user guide")
    walks.add_argument("--to", type=Path, required=True, help="docs/user/images/reading")
    walks.add_argument("--only", default="", help="names of stops, separated by commas")
    walks.set_defaults(work=_walk)
    asking = commands.add_parser("query", help="QIDO-RS and C-FIND beside Orthanc, and in an index filled by SQL")
    asking.add_argument("--beside", default="25,5000", help="studies in both servers; empty leaves Orthanc out")
    asking.add_argument("--per-study", type=int, default=4, help="instances of each study stored in both")
    asking.add_argument("--sizes", default="5000,1000000", help="studies in our index, filled by SQL; empty: none")
    asking.add_argument("--repeats", type=int, default=5)
    asking.add_argument("--docs", action="store_true", help="write the tables into docs/performance.md")
    asking.set_defaults(work=_query)
    return parser


def _ingest(chosen: argparse.Namespace) -> int:
    names = chosen.servers.split(",") if chosen.servers else [server.name for server in servers.SERVERS]
    wanted = [server for server in servers.SERVERS if server.name in names]
    scenes = [scene for scene in ingest.SCENES if scene.name in chosen.scenes.split(",")]
    size = ingest.Size(ct=(1, 60), mr=(4, 50)) if chosen.small else ingest.Size()
    runs = ingest.measure(wanted, scenes, repeats=chosen.repeats, size=size)
    summaries = ingest.summarize(runs)
    table = ingest.markdown(summaries)
    path = report.save("ingest", {"summaries": [s.as_json() for s in summaries]}, table, into_docs=chosen.docs)
    print(f"\n{table}\nsaved: {path}")
    return int(any(run.failure for run in runs))


def _two_copies(chosen: argparse.Namespace) -> int:
    from bench import two_copies

    size = ingest.Size(ct=(1, 60), mr=(4, 50)) if chosen.small else ingest.Size()
    runs, ratios = two_copies.measure(chosen.repeats, size)
    table = two_copies.markdown(ratios)
    path = report.save("two-copies", two_copies.as_json(runs, ratios), table, into_docs=chosen.docs)
    print(f"\n{table}\nsaved: {path}")
    return int(any(run.failure for run in runs))


def _encryption(chosen: argparse.Namespace) -> int:
    from bench import encryption

    size = ingest.Size(ct=(1, 60), mr=(4, 50)) if chosen.small else ingest.Size()
    runs, ratios = ([], []) if chosen.reading else encryption.measure_ingest(chosen.repeats, size)
    ratios = [*ratios, *encryption.measure_reading(chosen.repeats)]
    table = encryption.markdown(ratios)
    path = report.save("encryption", encryption.as_json(runs, ratios), table, into_docs=chosen.docs)
    print(f"\n{table}\nsaved: {path}")
    return int(any(run.failure for run in runs))


def _region_faults(chosen: argparse.Namespace) -> int:
    from bench import region_faults

    plan = region_faults.Plan(
        60 * chosen.minutes,
        seed=chosen.seed,
        pace=chosen.pace,
        small=chosen.small,
        two_sites=not chosen.one_site,
        settings=dict(each.split("=", 1) for each in chosen.set),
    )
    outcome = (region_faults.on_loopback if chosen.loopback else region_faults.in_namespaces)(plan)
    said = region_faults.ledger_line(outcome)
    path = report.save("region-faults", outcome.as_json(), said, into_docs=False)
    print(f"\n{said}\nsaved: {path}")
    return int(not outcome.good)


def _nodes(chosen: argparse.Namespace) -> int:
    from bench import nodes

    result = (nodes.on_loopback if chosen.loopback else nodes.in_namespaces)(chosen.repeats)
    table = nodes.markdown(result)
    path = report.save("nodes", nodes.as_json(result), table, into_docs=chosen.docs)
    print(f"\n{table}\nsaved: {path}")
    return int(not result.good)


def _quick(_: argparse.Namespace) -> int:
    size = ingest.Size(ct=(1, 8), mr=(1, 8))
    runs = ingest.measure(servers.SERVERS, ingest.SCENES[:3], repeats=1, size=size)
    return int(any(run.failure for run in runs))


def _sealing(chosen: argparse.Namespace) -> int:
    cost = sealing.cost()
    done = (
        sealing.beside_ingest(rounds=chosen.rounds, seconds=chosen.seconds, associations=chosen.associations)
        if chosen.rounds
        else []
    )
    table = sealing.markdown(cost, done)
    path = report.save("sealing", sealing.as_json(cost, done), table, into_docs=chosen.docs)
    print(f"\n{table}\nsaved: {path}")
    return 0


def _first_image(chosen: argparse.Namespace) -> int:
    from bench import first_image  # playwright is slow to import

    done = first_image.measure(chosen.folder, repeats=chosen.repeats)
    table = first_image.markdown(done)
    path = report.save("first-image", first_image.as_json(done), table, into_docs=chosen.docs)
    print(f"\n{table}\nsaved: {path}")
    return 0


def _cold(chosen: argparse.Namespace) -> int:
    done = cold.measure(studies=chosen.studies)
    table = cold.markdown(done)
    path = report.save("cold", cold.as_json(done), table, into_docs=chosen.docs)
    print(f"\n{table}\nsaved: {path}")
    return int(max(each.beyond_ms for each in done) > cold.GOAL_MS)


def _reading(chosen: argparse.Namespace) -> int:
    done = reading.measure(repeats=chosen.repeats, seconds=chosen.seconds, only=chosen.only)
    table = reading.markdown(done)
    path = report.save("reading", reading.as_json(done), table, into_docs=chosen.docs)
    print(f"\n{table}\nsaved: {path}")
    return int(any(one.failures for one in done))


def _region(chosen: argparse.Namespace) -> int:
    costs, seen = region.cost(chosen.repeats), region.crowd(chosen.seconds)
    table = region.markdown(seen, costs)
    path = report.save("region", region.as_json(seen, costs), table, into_docs=chosen.docs)
    print(f"\n{table}\nsaved: {path}")
    return int(seen.failures > 0)


def _reading_room(chosen: argparse.Namespace) -> int:
    from bench import reading_room

    scenes = chosen.scenes.split(",")
    done = reading_room.measure(chosen.folder, scenes=scenes, repeats=chosen.repeats, only=chosen.only)
    table = reading_room.markdown(done)
    path = report.save("reading-room", reading_room.as_json(done), table, into_docs=chosen.docs)
    print(f"\n{table}\nsaved: {path}")
    return 0


def _renderer_memory(chosen: argparse.Namespace) -> int:
    from bench import renderer_memory

    slices = [int(one) for one in chosen.slices.split(",")]
    done = renderer_memory.measure(chosen.folder, slices=slices, repeats=chosen.repeats, only=chosen.only)
    table = renderer_memory.markdown(done)
    path = report.save("renderer-memory", renderer_memory.as_json(done), table, into_docs=chosen.docs)
    print(f"\n{table}\nsaved: {path}")
    return 0


def _retrieve(chosen: argparse.Namespace) -> int:
    runs = retrieve.measure(repeats=chosen.repeats, slices=chosen.slices, scenes=chosen.scenes.split(","))
    table = retrieve.markdown(runs)
    path = report.save("retrieve", retrieve.as_json(runs), table, into_docs=chosen.docs)
    print(f"\n{table}\nsaved: {path}")
    return int(any(run.failure for run in runs))


def _query(chosen: argparse.Namespace) -> int:
    beside_sizes, sizes = ([int(one) for one in text.split(",") if one] for text in (chosen.beside, chosen.sizes))
    beside = query.beside_orthanc(beside_sizes, per_study=chosen.per_study, repeats=chosen.repeats)
    by_size, bytes_at = query.alone(sizes, repeats=chosen.repeats)
    table = query.markdown(beside, by_size, bytes_at)
    path = report.save("query", query.as_json(beside, by_size, bytes_at), table, into_docs=chosen.docs)
    print(f"\n{table}\nsaved: {path}")
    return 0


def _every_series(chosen: argparse.Namespace) -> int:
    from bench import every_series

    return every_series.run(chosen.folders, chosen.to, [each for each in chosen.views.split(",") if each], chosen.only)


def _walk(chosen: argparse.Namespace) -> int:
    from bench import walk

    return walk.run(SHARED_DATA, chosen.to, [each for each in chosen.only.split(",") if each])


def _hostile(_chosen: argparse.Namespace) -> int:
    return hostile.run()


def _failing_disk(chosen: argparse.Namespace) -> int:
    from bench import failing_disk

    done = failing_disk.on_a_database_of_its_own(most=chosen.most)
    table = failing_disk.markdown(done)
    report.save("failing-disk", {"rounds": [asdict(each) for each in done]}, table, into_docs=False)
    print(table)
    return int(not all(each.good for each in done))


def _restore(chosen: argparse.Namespace) -> int:
    from bench import restoring

    done = [restoring.measure(chosen.studies, chosen.slices) for _ in range(chosen.repeats)]
    table = restoring.markdown(done)
    path = report.save("restore", restoring.as_json(done), table, into_docs=False)
    print(f"\n{table}\nsaved: {path}")
    return 0


def _faults(chosen: argparse.Namespace) -> int:
    victims = chosen.victims.split(",")
    done = faults.rounds(chosen.rounds, seed=chosen.seed, victims=victims, senders=chosen.senders)
    report.save("faults", {"rounds": [asdict(each) for each in done]}, faults.markdown(done), into_docs=False)
    return int(not all(each.good for each in done))


if __name__ == "__main__":
    sys.exit(main())
