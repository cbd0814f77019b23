"""Runs on a Dask cluster, as docs/scale.md shows them: the same bytes, also where a worker is killed."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml
from support.kills import snapshot, told

pytest.importorskip("distributed", reason="the extra narrator-bench[dask] is not installed")
DOCS = Path(__file__).parents[2] / "docs/scale.md"
RUN = (sys.executable, "-m", "bench", "run")


def write_study(folder: Path, clips: Path, seconds: float = 0.0) -> Path:
    """Generators that encode, hand over and start programs, two quick metrics."""
    program = f"import shutil, sys, time; time.sleep({seconds}); shutil.copy(*sys.argv[1:])"
    template = f'{sys.executable} -c "{program}" {clips / "clip2.mp4"} {{out}}'
    content = {
        "name": "scale",
        "datasets": [{"name": "made", "plugin": "folder", "root": str(clips), "clips": 3}],
        "generators": ["still", {"name": "copies", "plugin": "command", "options": {"template": template}}],
        "metrics": ["mcd", "stoi"],
    }
    path = folder / "scale.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def run(study: Path, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [*RUN, str(study), "--out", str(folder), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)


@pytest.fixture(scope="module")
def whole(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A study, and what one process makes of it."""
    folder = tmp_path_factory.mktemp("whole")
    study = write_study(folder, clips)
    done = run(study, folder / "run", "--workers", "1")
    assert done.returncode == 0, done.stderr
    return study, snapshot(folder / "run")


def daemon(role: str, *options: str, variables: dict[str, str] | None = None) -> subprocess.Popen[str]:
    """A scheduler or worker as people start them; its address stands in the log."""
    code = f"import sys; from distributed.cli.dask_{role} import main; sys.exit(main())"
    return subprocess.Popen(
        [sys.executable, "-c", code, *options], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])} | (variables or {}),
    )  # fmt: skip


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    process = daemon("scheduler", "--port", "0", "--host", "127.0.0.1", "--no-dashboard")
    try:
        assert process.stderr is not None
        yield next(found[1] for line in process.stderr if (found := re.search(r"(tcp://127[^\s]*)", line)))
    finally:
        _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    family = [*psutil.Process(process.pid).children(recursive=True)]
    process.kill()
    process.wait()
    for child in family:
        if child.is_running():
            child.kill()


@pytest.mark.slow
@pytest.mark.parametrize("workers", [2, 4])
def test_a_local_cluster_changes_no_bit(whole: tuple[Path, dict[str, str]], tmp_path: Path, workers: int) -> None:
    done = run(whole[0], tmp_path / "run", "--engine", "dask", "--workers", str(workers))
    assert done.returncode == 0, done.stderr
    assert snapshot(tmp_path / "run") == whole[1]
    assert not list((tmp_path / "run").glob(".seen-*"))


@pytest.mark.slow
def test_a_slurm_array_changes_no_bit(whole: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    line = next(line for line in DOCS.read_text().splitlines() if "SLURM_ARRAY_TASK_ID" in line)
    line = line.replace("narrator-bench", f"{sys.executable} -m bench").replace("my-study.yaml", str(whole[0]))
    line = line.replace("/shared/runs/mine", str(tmp_path / "run"))
    for task in ("2", "1"):
        variables = os.environ | {"SLURM_ARRAY_TASK_ID": task, "SLURM_ARRAY_TASK_COUNT": "2"}
        subprocess.run(["bash", "-c", line], env=variables, check=True, capture_output=True)
    assert run(whole[0], tmp_path / "run", "--workers", "1").returncode == 0
    assert snapshot(tmp_path / "run") == whole[1]


@pytest.mark.slow
def test_torchrun_on_two_nodes_changes_no_bit(whole: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    nodes = [
        subprocess.Popen(
            [
                sys.executable, "-m", "torch.distributed.run", "--nnodes", "2", "--node-rank", rank, "--master-addr",
                "127.0.0.1", "--master-port", port, "--nproc-per-node", "1", *RUN[1:], str(whole[0]), "--out",
                str(tmp_path / "run"), "--workers", "1",
            ],
            stdout=subprocess.DEVNULL,
        )
        for rank in ("0", "1")
    ]  # fmt: skip
    assert [node.wait(timeout=280) for node in nodes] == [0, 0]
    assert snapshot(tmp_path / "run") == whole[1]


@pytest.mark.slow
def test_a_worker_killed_in_the_middle_is_replaced_and_nothing_is_lost(
    scheduler: str, clips: Path, tmp_path: Path
) -> None:
    study = write_study(tmp_path, clips, seconds=1.5)
    assert run(study, tmp_path / "whole", "--workers", "2").returncode == 0
    crew = [daemon("worker", scheduler, "--nthreads", "1", "--no-dashboard") for _ in range(2)]
    try:
        command = [*RUN, str(study), "--out", str(tmp_path / "run"), "--engine", "dask", "--address", scheduler]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
            child = _busy(crew)
            worker = child.parent()
            assert worker is not None
            worker.kill()
            _, said = process.communicate(timeout=280)
        assert process.returncode == 0, said
        assert snapshot(tmp_path / "run") == snapshot(tmp_path / "whole")
        _, alive = psutil.wait_procs([child], timeout=60)
        assert not alive, "what the worker had started outlived it"
    finally:
        for each in crew:
            _end(each)


def _busy(crew: Sequence[subprocess.Popen[str]]) -> psutil.Process:
    """A process that does a task of the cluster, in which a program runs."""
    deadline = time.monotonic() + 150
    while time.monotonic() < deadline:
        for each in crew:
            for process in psutil.Process(each.pid).children(recursive=True):
                try:
                    if "bench.workers.served" in told(process) and process.children():
                        return process
                except psutil.NoSuchProcess:
                    continue
        time.sleep(0.05)
    raise AssertionError("no worker of the cluster ever worked")


@pytest.mark.slow
def test_a_worker_with_other_packages_is_refused(
    scheduler: str, whole: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.metadata as m\n"
        "told = m.version\n"
        "m.version = lambda name: '0.9' if name == 'numpy' else told(name)\n"
    )
    paths = f"{tmp_path}{os.pathsep}{Path(__file__).parents[2]}"
    worker = daemon("worker", scheduler, "--nthreads", "1", "--no-dashboard", variables={"PYTHONPATH": paths})
    try:
        done = run(whole[0], tmp_path / "run", "--engine", "dask", "--address", scheduler)
    finally:
        _end(worker)
    assert done.returncode == 2
    assert re.search(r"worker tcp://\S+ has numpy 0\.9 instead of \S+: install the same on all", done.stderr)
    assert len(done.stderr.strip().splitlines()) == 1


def test_an_address_that_does_not_answer_is_told_in_one_sentence(
    whole: tuple[Path, dict[str, str]], tmp_path: Path, cli: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.workers.cluster.ANSWER_SECONDS", 0.5)
    said = cli("run", whole[0], "--out", tmp_path / "run", "--engine", "dask", "--address", "tcp://127.0.0.1:9")
    assert said.code == 2
    assert "No Dask scheduler answers at --address tcp://127.0.0.1:9" in said.err
    assert len(said.err.strip().splitlines()) == 1


def test_without_the_extra_the_error_names_it(
    whole: tuple[Path, dict[str, str]], tmp_path: Path, cli: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    said = cli("run", whole[0], "--out", tmp_path / "run", "--engine", "dask")
    assert said.code == 2
    assert "pip install 'narrator-bench[dask]'" in said.err


def test_workers_look_for_the_run_folder_and_the_datasets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bench.workers import on_cluster

    monkeypatch.setattr(on_cluster, "_PATIENCE", 0.0)
    versions = on_cluster.versions()
    mark = tmp_path / "run/.seen-1"
    expected = on_cluster.Expected(mark, "secret", (tmp_path / "data",), versions, "cpu")
    unfit = on_cluster.unfit.__wrapped__
    assert "sees no folder" in unfit(expected)
    mark.parent.mkdir()
    assert "sees another folder" in unfit(expected)
    mark.write_text("secret")
    assert f"does not see {tmp_path / 'data'}" in unfit(expected)
    (tmp_path / "data").mkdir()
    assert unfit(expected) is None
