"""The bench of retrieval: its table tells what was measured, and nothing that failed counts."""

from __future__ import annotations

from bench.retrieve import SCENES, Run, markdown


def a_run(server: str, scene: str, seconds: float, failure: str = "") -> Run:
    return Run(server, scene, 0, megabytes=100, instances=200, seconds=seconds, server_cpu_seconds=0.1, failure=failure)


def test_the_table_has_medians_and_ratios() -> None:
    runs = [a_run("isocenter", "get", seconds) for seconds in (0.1, 0.2, 0.4)]
    runs += [a_run("orthanc", "get", seconds) for seconds in (1.0, 0.5, 0.8)]
    (row,) = [line for line in markdown(runs).splitlines() if line.startswith("| C-GET |")]
    assert row == "| C-GET | 500 (250-1000) | 125 (100-200) | 4.0× | 0.50 / 0.50 |"


def test_a_scene_that_failed_has_no_ratio() -> None:
    runs = [a_run(server, scene, 1) for server in ("isocenter", "orthanc") for scene in SCENES if scene != "move"]
    runs += [a_run("isocenter", "move", 1), a_run("orthanc", "move", 1, failure="3 of 200 came")]
    rows = {line.split(" | ")[0]: line for line in markdown(runs).splitlines()}
    assert "failed" in rows["| C-MOVE"]
    assert "1.0×" in rows["| C-GET"]
