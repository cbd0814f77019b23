"""Which machines took part in a run, and that each clip and statistic names the one that made it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.kills import snapshot

from bench.workers import machines
from bench.workers.machines import enter, makers


@pytest.fixture
def study(clips: Path, tmp_path: Path) -> Path:
    content = {
        "name": "machines",
        "seed": 3,
        "bounds": False,
        "datasets": [{"name": "made", "plugin": "folder", "root": str(clips), "clips": 3}],
        "generators": [{"name": "stolen", "plugin": "folder", "options": {"root": str(clips)}}, "still"],
        "metrics": ["stoi", "mcd"],
    }
    path = tmp_path / "machines.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def on(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on this process is on another machine."""
    monkeypatch.setattr(machines, "_host", lambda: host)


def test_every_clip_and_statistic_names_its_machine_and_results_do_not(
    cli: Any, study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, alone = tmp_path / "run", tmp_path / "alone"
    for number, host in enumerate(("alpha.secret", "beta.secret"), 1):
        on(host, monkeypatch)
        assert cli("run", study, "--out", run, "--workers", "1", "--shard", f"{number}/2").code == 0
    assert cli("run", study, "--out", run, "--workers", "1").code == 0
    assert cli("run", study, "--out", alone, "--workers", "1").code == 0
    assert snapshot(run) == snapshot(alone)

    records = {path.stem: json.loads(path.read_text())["host"] for path in (run / "environments").glob("*.json")}
    assert sorted(records.values()) == ["alpha.secret", "beta.secret"]
    made = makers(run / "environments")
    assert set(made.values()) == set(records)
    generated = {path.relative_to(run / "generated").with_suffix("").as_posix()
                 for path in run.glob("generated/*/*/*.json")}  # fmt: skip
    statistics = {machines.statistics_name(path) for path in run.rglob("*.stats")}
    assert len(generated) == 6
    assert made.keys() == generated | statistics

    told = json.loads((run / "environment.json").read_text())
    assert [machine["machine"] for machine in told["machines"]] == [1, 2]
    counts = [machine["made"] for machine in told["machines"]]
    assert sum(count["clips"].get("stolen/made", 0) for count in counts) == 3
    # Three references, which are "stolen" too, and three of "still"; six pairs.
    assert sum(count["statistics"]["mcd"] for count in counts) == 12
    for machine in told["machines"]:
        assert {"python", "processor", "gpu", "gpu_clocks", "git", "packages", "libraries"} <= machine.keys()
        assert machine["libraries"]["libavcodec"]
    assert cli("archive", run, tmp_path / "run.zip").code == 0
    with zipfile.ZipFile(tmp_path / "run.zip") as archive:
        assert not [name for name in archive.namelist() if b"secret" in archive.read(name) or "environments" in name]
    assert "secret" not in (run / "report" / "index.html").read_text()
    assert "machine 2 of 2" in (run / "report" / "index.html").read_text()


def test_who_made_it_last_made_it_whatever_was_cut_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on("alpha", monkeypatch)
    first = enter(tmp_path, "cpu")
    first.begins(["still/made/a", "still/made/b"])
    with (tmp_path / f"{first.name}.made").open("a") as record:
        record.write("17959638")  # the machine was switched off
    first.begins(["still/made/c"])
    on("beta", monkeypatch)
    first.begins(["still/made/b"])  # a worker on another machine, with what it was handed
    second = enter(tmp_path, "cpu")
    assert makers(tmp_path) == {"still/made/a": first.name, "still/made/b": second.name, "still/made/c": first.name}


def test_another_state_of_a_machine_is_another_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    described = machines._described("cpu")
    names = set()
    for driver, clock in (("570", 1000), ("570", 2000), ("580", 1000)):
        seen = described | {"gpu": {"driver": driver}, "gpu_clocks": [f"{clock} MHz"]}
        monkeypatch.setattr(machines, "_described", lambda _, seen=seen: seen)
        names.add(enter(tmp_path, "cpu").name)
    assert len(names) == len(list(tmp_path.glob("*.json"))) == 2
