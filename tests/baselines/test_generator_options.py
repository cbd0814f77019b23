"""Every option of every bundled generator: any value is taken, or refused at once with one sentence."""

from __future__ import annotations

import inspect
import math
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baselines.cascade import Cascade
from baselines.ceiling import Ceiling
from baselines.chance import Chance
from baselines.command import Command
from baselines.folder import Folder
from baselines.still import Still
from narrator.face import FaceMesh
from narrator.loading import BundledGenerator, load

HERE = Path(__file__).parent
NEEDED: dict[Callable[..., Any], dict[str, Any]] = {
    Ceiling: {},
    Chance: {},
    Still: {},
    Cascade: {"weight_paths": dict.fromkeys(FaceMesh.weights, Path("nowhere"))},
    Folder: {"root": HERE},
    Command: {"template": f"{sys.executable} -c pass {{out}}"},
    BundledGenerator: {},
}
OPTIONS = [
    (generator, name)
    for generator in NEEDED
    for name in inspect.signature(generator).parameters
    if name != "weight_paths"  # the harness's
]

recursive: list[Any] = []
recursive.append(recursive)
odd = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.binary(max_size=9), st.dates(),
    st.sampled_from([
        math.nan, math.inf, -math.inf, 10**5000, -1, 0, "", "~", "~nobody-of-that-name", "a\0b", "x" * 5000, "\ud800",
        "/dev/zero", "/dev/null", "/", "..", ".mp4", ".exe", "mp4", "/../x", "{out}", "{txt} {out}", "ls {out!r}",
        "'", "ls {out", "{text} {out}", "gpu", "cuda:99", "papr", "float8", recursive, [1, 2, 3], [1, 2],
        [math.nan] * 3,         {"top_k": 0}, {"topk": 5}, {"top_k": "5"}, {1: 2}, {"greedy": 1}, set(), np.float32(25),
        np.nan, 1e308, object(),
    ]),
    st.recursive(st.integers(), lambda inner: st.lists(inner, max_size=3), max_leaves=5),
)  # fmt: skip


@pytest.mark.parametrize(("generator", "name"), OPTIONS, ids=lambda part: getattr(part, "__name__", part))
@settings(max_examples=60, deadline=None)
@given(value=odd)
def test_any_value_is_taken_or_refused_with_one_sentence(generator: Callable[..., Any], name: str, value: Any) -> None:
    said = refusal(generator, NEEDED[generator] | {name: value})
    if said is not None:
        assert said.startswith(f"generator '{NAMES[generator]}':")
        assert said.endswith((".", "?"))
        assert len(said) < 1000
        assert said.isprintable()


def refusal(generator: Callable[..., Any], options: dict[str, Any]) -> str | None:
    try:
        generator(**options)
    except ValueError as error:
        return str(error)
    return None


NAMES = {BundledGenerator: "narrator"} | {
    kind: kind.name for kind in (Ceiling, Chance, Still, Cascade, Folder, Command)
}


@pytest.mark.parametrize(
    ("generator", "options", "reason"),
    [
        (Still, {"fps": "fast"}, "fps must be a number from 1 to 120, got 'fast'"),
        (Still, {"fps": True}, "fps must be a number"),
        (Still, {"fps": math.nan}, "fps must be a number from 1 to 120, got nan"),
        (Cascade, {"size": True}, r"size \(pixels\) must be a whole number from 64 to 4096, got True"),
        (Cascade, {"size": 512.5}, "size"),
        (Folder, {"root": 3}, "root must be a path, got 3"),
        (Folder, {"root": "nowhere"}, "is not a folder"),
        (Command, {"template": ["a"]}, "template must be a text"),
        (Command, {"timeout": math.nan}, "timeout"),
        (Command, {"timeout": "1"}, "timeout"),
        (Command, {"timeout": True}, "timeout"),
        (Command, {"suffix": ".exe"}, "suffix is '.exe'; choose one of: .mp4"),
        (Command, {"suffix": "mp4"}, "suffix is 'mp4'; choose one of: .*Did you mean '.mp4'"),
        (Command, {"suffix": "/../x"}, "suffix"),
        (Command, {"max_bytes": -1}, "max_bytes"),
        (Command, {"work": __file__}, "is not a folder"),
        (Command, {"study_folder": "nowhere"}, "study_folder"),
        (BundledGenerator, {"preset": "papr"}, "preset is 'papr'; choose one of: paper, .*Did you mean 'paper'"),
        (BundledGenerator, {"steps": 0}, "steps must be a whole number"),
        (BundledGenerator, {"steps": 2.5}, "steps must be a whole number"),
        (BundledGenerator, {"guidance": math.nan}, "guidance"),
        (BundledGenerator, {"motion_scale": [1, 1]}, "motion_scale must be three numbers"),
        (BundledGenerator, {"device": "gpu"}, "device is 'gpu'"),
        (BundledGenerator, {"dtype": "float8"}, "dtype is 'float8'; choose one of"),
        (BundledGenerator, {"seed": -1}, "seed"),
        (BundledGenerator, {"compile": "yes"}, "compile must be true or false"),
        (BundledGenerator, {"speech": {"topk": 5}}, "Did you mean 'top_k'"),
        (BundledGenerator, {"hallo": "nowhere.pth"}, "hallo is '.*nowhere.pth', but there is no such file"),
        (BundledGenerator, {"arcface": "/dev/zero"}, "is not a regular file"),
        (BundledGenerator, {"vocabulary": 5}, "vocabulary must be a path"),
    ],
)
def test_what_is_said(generator: Callable[..., Any], options: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        generator(**(NEEDED[generator] | options))


def test_a_misspelt_option_of_load_is_answered_with_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"an option is 'stpes'; choose one of: .*Did you mean 'steps'"):
        load(stpes=3)


def test_building_is_cheap() -> None:
    """The harness builds every generator to check its options: nothing is loaded before a prompt."""
    threads = threading.active_count()
    generator = BundledGenerator("paper")
    assert "_narrator" not in vars(generator)
    cascade = Cascade(**NEEDED[Cascade])
    assert cascade._mesh is None
    assert cascade._speech._voice is None
    assert threading.active_count() == threads


def test_relative_files_start_at_the_study(tmp_path: Path) -> None:
    (tmp_path / "net.pth").touch()
    BundledGenerator(hallo="net.pth", study_folder=tmp_path)
    with pytest.raises(ValueError, match="there is no such file"):
        BundledGenerator(hallo="net.pth")
