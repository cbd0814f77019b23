"""The command line starts without what only some commands need: PyTorch takes seconds to import."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest
import typer

from bench.cli.app import COMMANDS

HEAVY = (
    "torch", "torchmetrics", "pandas", "scipy.signal", "scipy.stats", "transformers", "onnxruntime", "matplotlib",
)  # fmt: skip
LIBRARIES = ("numpy", "scipy", "pydantic", "yaml", "rich", "av", "soxr", "cv2", "PIL", "pyworld", "pystoi")


def imported(names: tuple[str, ...], program: str) -> str:
    """Which of the modules a program has imported at its end."""
    told = f"import sys; {program}; print(*[name for name in {names} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    return found.stdout.splitlines()[-1]


def test_no_command_waits_for_what_it_does_not_need() -> None:
    every = ", ".join(f"bench.cli.{module}" for module in {module for module, _ in COMMANDS.values()})
    assert imported(HEAVY, f"import {every}") == ""


def test_help_waits_for_no_library() -> None:
    assert imported(LIBRARIES, "sys.argv[1:] = ['--help']; from bench.cli.app import invoke; invoke()") == ""


def test_a_list_of_metrics_waits_for_no_metric() -> None:
    """PyTorch it needs, since a metric is a class of it; what only measuring takes it does not."""
    scipy = tuple(f"scipy.{part}" for part in ("fft", "linalg", "signal", "spatial", "special", "stats"))
    heavy = (*scipy, "pystoi", "matplotlib", "transformers", "onnxruntime", "pandas")
    program = "sys.argv[1:] = ['metrics', 'list']; from bench.cli.app import invoke; invoke()"
    assert imported(heavy, program) == ""


def test_what_scores_and_what_finds_all_done_wait_for_nothing_that_draws() -> None:
    program = "import bench.run.execute, bench.scoring.folders, bench.cli.scores, reports.terminal, reports.report"
    assert imported(tuple(name for name in HEAVY if not name.startswith("torch")), program) == ""


def test_no_gpu_is_told_of_without_pytorch() -> None:
    program = (
        "from bench import environment as e; e._GPU_DEVICES = (); e.sys.platform = 'linux'; assert e.gpu() is None"
    )
    assert imported(("torch",), program) == ""


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_of_a_command_what_the_command_says(name: str) -> None:
    module, line = COMMANDS[name]
    own = typer.Typer()
    import_module(f"bench.cli.{module}").register(own)
    help_text = typer.main.get_group(own).commands[name].help
    assert help_text is not None
    assert help_text.splitlines()[0] == line


def test_every_command_of_a_module_has_its_line() -> None:
    for module in {module for module, _ in COMMANDS.values()}:
        own = typer.Typer()
        import_module(f"bench.cli.{module}").register(own)
        for name in typer.main.get_group(own).commands:
            assert COMMANDS[name][0] == module
