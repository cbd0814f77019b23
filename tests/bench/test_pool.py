"""Worker processes: lost ones are replaced, threads are one in each and given back, nothing is lost or done twice."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import types
from pathlib import Path

import cv2
import pytest
import threadpoolctl
import torch

from bench.errors import UserMistake
from bench.workers import threads as thread_limits
from bench.workers.pool import WorkerPool, spread


def square(number: int) -> int:
    return number * number


def threads(_: int) -> list[int]:
    blas = [library["num_threads"] for library in threadpoolctl.threadpool_info()]
    return [torch.get_num_threads(), cv2.getNumThreads(), *blas]


def dies_once(task: tuple[Path, int]) -> int:
    """Kills its process the first time that it is called with this number."""
    mark = task[0] / str(task[1])
    if task[1] % 3 == 0 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return task[1]


def dies_at_two(number: int) -> int:
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def fails(number: int) -> int:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("workers", [1, 3])
def test_every_task_has_one_result(workers: int) -> None:
    assert sorted(spread(square, range(10), workers)) == [number * number for number in range(10)]


def test_few_tasks_start_no_processes() -> None:
    with WorkerPool(4) as pool:
        assert list(pool.spread(lambda number: number, range(3), worthwhile=3)) == [0, 1, 2]


@pytest.mark.parametrize("workers", [1, 2])
def test_every_process_computes_with_one_thread_and_gives_the_others_back(workers: int) -> None:
    torch.set_num_threads(2)
    cv2.setNumThreads(2)
    before = threads(0)
    assert all(set(told) == {1} for told in spread(threads, range(2), workers))
    assert threads(0) == before


def test_libraries_are_looked_for_again_once_more_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []

    class Looking(threadpoolctl.ThreadpoolController):
        def __init__(self) -> None:
            looked.append(len(sys.modules))
            super().__init__()

    monkeypatch.setattr(threadpoolctl, "ThreadpoolController", Looking)
    thread_limits._libraries.cache_clear()
    assert list(spread(square, range(3), 1)) == [0, 1, 4]
    assert len(looked) == 1
    monkeypatch.setitem(sys.modules, "brings_a_blas", types.ModuleType("brings_a_blas"))
    assert list(spread(square, range(3), 1)) == [0, 1, 4]
    assert len(looked) == 2
    thread_limits._libraries.cache_clear()
    torch.set_num_threads(1)
    assert not {"MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"} & os.environ.keys()


@pytest.mark.slow
def test_lost_workers_are_replaced(tmp_path: Path) -> None:
    assert sorted(spread(dies_once, [(tmp_path, number) for number in range(7)], 2)) == list(range(7))


@pytest.mark.slow
def test_a_task_that_kills_its_worker_each_time_is_lost_alone() -> None:
    with WorkerPool(2) as pool:
        assert sorted(pool.spread(dies_at_two, range(5), lost=lambda number: -number)) == [-2, 0, 1, 3, 4]
    with pytest.raises(UserMistake, match="fewer --workers than 2"):
        list(spread(dies_at_two, range(5), 2))


def kills_the_server_once(task: tuple[Path, int]) -> int:
    mark = task[0] / "killed"
    if task[1] == 3 and not mark.exists():
        mark.touch()
        os.kill(os.getppid(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)
    return task[1]


def test_a_lost_server_is_replaced(tmp_path: Path) -> None:
    """Workers are forked from a server: those that it had forked work on, and lost ones come from another server."""
    assert sorted(spread(kills_the_server_once, [(tmp_path, number) for number in range(9)], 2)) == list(range(9))
    assert (tmp_path / "killed").exists()


def test_workers_start_where_temporary_files_have_a_long_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / ("long" * 25)
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    assert sorted(spread(square, range(3), 2)) == [0, 1, 4]


def told_of(name: str) -> str | None:
    return os.environ.get(name)


def test_workers_have_the_environment_of_their_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    list(spread(square, range(3), 2))  # the server has started by now
    monkeypatch.setenv("NARRATOR_BENCH_TOLD", "now")
    assert list(spread(told_of, ["NARRATOR_BENCH_TOLD"] * 2, 2)) == ["now", "now"]


def test_what_a_task_raises_comes_through() -> None:
    with pytest.raises(OSError, match="No space left"):
        list(spread(fails, range(3), 2))
