"""Sweeps: a glob becomes generators in the order of steps, and what was done before is not done again."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from bench import sweep
from bench.errors import UserMistake
from bench.media.writing import write_clip
from bench.study import Study, parse_study

Cli = Callable[..., Any]


def parsed(folder: Path, checkpoints: Any, **more: Any) -> Study:
    generator = {"name": "mine", "plugin": "narrator", "checkpoints": checkpoints}
    study = {
        "name": "s",
        "datasets": [{"name": "hdtf", "root": "clips"}],
        "generators": [generator | more.pop("generator", {})],
        "metrics": ["mcd"],
        "bounds": False,
    }
    return parse_study(yaml.safe_dump(study | more), "s.yaml", folder)


def laid(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


@pytest.mark.parametrize(
    ("files", "checkpoints", "labels", "steps"),
    [
        (("r/step20.pt", "r/step3.pt", "r/step100.pt", "r/log.txt"), "r/*.pt", ["3", "20", "100"], [3, 20, 100]),
        (("r/epoch=1-step=0010.pt", "r/epoch=2-step=9.pt"), "r/*.pt", ["9", "10"], [9, 10]),
        (("r/ck-10/model2.bin", "r/ck-9/model2.bin"), "r/ck-*/model2.bin", ["9", "10"], [9, 10]),
        (("r/m.7", "r/m.11"), "r/m.*", ["7", "11"], [7, 11]),
        (("r/b.pt", "r/a.pt"), "./r//*.pt", ["a", "b"], [1, 2]),
        (("r1/step5.pt",), "r1/step5.pt", ["5"], [5]),
        (("r/step1.pt", "r/.step2.pt"), "r/*", ["1"], [1]),
        (("r/step1.pt", "r/old/step2.pt"), "r/*", ["1"], [1]),
    ],
)
def test_a_glob_becomes_generators(
    tmp_path: Path, files: tuple[str, ...], checkpoints: str, labels: list[str], steps: list[int]
) -> None:
    laid(tmp_path, *files)
    for written in (checkpoints, str(tmp_path / checkpoints)):
        study = parsed(tmp_path, written)
        assert [generator.name for generator in study.generators] == [f"mine@{label}" for label in labels]
        assert [generator.sweep.step for generator in study.generators if generator.sweep] == steps
        for generator in study.generators:
            assert Path(str(generator.options["checkpoint"])).is_file()
            assert generator.sweep is not None
            assert generator.sweep.family == "mine"


def test_what_is_written_out_reads_back_as_the_same_study(tmp_path: Path) -> None:
    laid(tmp_path, "r/step1.pt", "r/step2.pt")
    study = parsed(tmp_path, "r/*.pt", best={"metric": "mcd"}, generator={"checkpoint_option": "latest"})
    assert [list(generator.options) for generator in study.generators] == [["latest"], ["latest"]]
    laid(tmp_path, "r/step3.pt")
    again = parse_study(study.to_yaml(), "study.yaml", tmp_path)
    assert again == study, "a later checkpoint is not part of it"
    assert len(parsed(tmp_path, "r/*.pt").generators) == 3


def test_a_place_in_a_sweep_may_be_written_by_hand(tmp_path: Path) -> None:
    laid(tmp_path, "final.pt")
    point = {"family": "mine", "step": 9000, "option": "checkpoint"}
    generator = {"name": "final", "plugin": "narrator", "options": {"checkpoint": "final.pt"}, "sweep": point}
    study = parsed(tmp_path, None, generators=[generator])
    assert study.generators[0].options == {"checkpoint": str(tmp_path / "final.pt")}
    with pytest.raises(UserMistake, match="'sweep' needs a path as the option 'latest'"):
        parsed(tmp_path, None, generators=[generator | {"sweep": point | {"option": "latest"}}])


@pytest.mark.parametrize(
    ("checkpoints", "says"),
    [
        ("r/*.ckpt", r"match no file: in .*/r lies b7.pt, gone8, last.pt, pipe, step1.pt and 2 more"),
        ("runs/*.pt", "match no file: there is no folder .*/runs"),
        ("empty/*", "match no file: in .*/empty lies nothing"),
        ("r/[st", "match no file"),
        ("r/step1.pt/*", "there is no folder"),
        ("**/*.pt", r"hold '\*\*': name each folder"),
        ("r/*.pt", "match r/last.pt, which has no number, unlike others"),
        ("r/step*", "hold 1 twice, as r/step1.pt and r/step1.safetensors"),
        ("r/pip*", "match r/pipe, which is no regular file"),
        ("r/gon*", "match r/gone8, which is no regular file"),
        ("names/*", "would make the label 'mine@a b', which names a folder"),
        ("huge/*", "would make the label 'mine@9{30}'"),
        ("", "is empty"),
        ("~nobody-at-all/*", "not known here"),
        ("a\0*", "U.0000"),
        ("x" * 300 + "*", "too long"),
        ("/dev/nul*", "match /dev/null, which is no regular file"),
        (3, "'generators.0.checkpoints' must be text"),
        (["r/*"], "'generators.0.checkpoints' must be text"),
    ],
)
def test_globs_that_cannot_be_meant_are_one_sentence(tmp_path: Path, checkpoints: Any, says: str) -> None:
    laid(tmp_path, "r/step1.pt", "r/step1.safetensors", "r/last.pt", "r/b7.pt", "names/a b.pt", f"huge/{'9' * 30}")
    laid(tmp_path, "r/step2")
    os.mkfifo(tmp_path / "r/pipe")
    (tmp_path / "r/gone8").symlink_to(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserMistake, match=says) as caught:
        parsed(tmp_path, checkpoints)
    assert "\n" not in str(caught.value)


def test_too_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    laid(tmp_path, "r/1", "r/2", "r/3")
    monkeypatch.setattr(sweep, "MOST", 2)
    with pytest.raises(UserMistake, match="are more than 2 files"):
        parsed(tmp_path, "r/*")


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"best": {"metric": "mdc"}}, "best names the metric 'mdc'. Did you mean: mcd"),
        ({"best": {"metric": "mcd", "dataset": "hdft"}}, "best names the dataset 'hdft'. Did you mean: hdtf"),
        ({"best": {"metric": "mcd", "datset": "hdtf"}}, "unknown key 'best.datset'. Did you mean: dataset"),
        ({"best": {"metric": "mcd"}, "generators": ["still"]}, "no generator has 'checkpoints'"),
        ({"generator": {"options": {"checkpoint": "x"}}}, "'checkpoint' and 'checkpoints' exclude each other"),
        ({"generator": {"checkpoint_options": "x"}}, "Did you mean: checkpoint_option"),
        ({"generators": [{"name": "mine@1", "plugin": "still"}, {"name": "mine", "checkpoints": "r/*"}]}, "twice"),
    ],
)
def test_other_mistakes(tmp_path: Path, more: dict[str, Any], says: str) -> None:
    laid(tmp_path, "r/step1.pt")
    with pytest.raises(UserMistake, match=says):
        parsed(tmp_path, "r/*", **more)


def test_the_order_is_found_and_nothing_is_done_twice(cli: Cli, tmp_path: Path) -> None:
    """Checkpoints of `cp` are clips: the reference with growing noise in its sound."""
    random = np.random.default_rng(0)
    (tmp_path / "real").mkdir()
    (tmp_path / "runs").mkdir()
    speech = (0.1 * np.sin(np.arange(25600) / 20) * np.sin(np.arange(25600) / 900)).astype(np.float32)

    def made(path: Path, noise: float) -> None:
        sound = (speech + noise * random.standard_normal(len(speech))).astype(np.float32)
        write_clip(path, [np.full((40, 64, 64, 3), 128, np.uint8)], 25, sound, 16000)

    for key in "abcdef":
        made(tmp_path / f"real/{key}.mp4", 0.001)
        (tmp_path / f"real/{key}.txt").write_text("a word")
    for step, noise in ((300, 0.05), (20, 0.01)):
        made(tmp_path / f"runs/step{step}.mp4", noise)
    study = {
        "name": "noise",
        "datasets": [{"name": "real", "plugin": "folder", "root": "real"}],
        "generators": [
            {
                "name": "noisy", "plugin": "command", "checkpoints": "runs/*.mp4",
                "options": {"template": "cp {checkpoint} {out}"},
            }
        ],
        "metrics": ["mcd"],
        "bounds": False,
        "best": {"metric": "mcd"},
    }  # fmt: skip
    (tmp_path / "s.yaml").write_text(yaml.safe_dump(study))
    run = tmp_path / "run"

    def values(name: str = "s.yaml") -> list[float]:
        outcome = cli("run", tmp_path / name, "--out", run, "--workers", "1")
        assert outcome.code == 0, outcome.err
        assert "Best step by mcd on real: 20. It stays best in 100 % of 10,000 resamples of the 6 clips" in outcome.out
        cells = {cell["generator"]: cell["value"] for cell in json.loads((run / "results.json").read_text())["cells"]}
        return [cells[name] for name in sorted(cells, key=lambda name: int(name.partition("@")[2]))]

    first, second = values()
    assert first < second
    kept = {path: path.stat().st_mtime_ns for part in ("generated", "measured") for path in (run / part).rglob("*.*")}
    assert len([path for path in kept if path.suffix == ".mp4"]) == 12
    made(tmp_path / "runs/step4000.mp4", 0.3)
    found = values()
    assert found[:2] == [first, second]
    assert found == sorted(found)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    shutil.move(tmp_path / "runs", tmp_path / "elsewhere")
    (tmp_path / "s.yaml").write_text((tmp_path / "s.yaml").read_text().replace("runs/", "elsewhere/"))
    assert values() == found
    shutil.copy(run / "study.yaml", tmp_path / "replayed.yaml")
    assert values("replayed.yaml") == found
    assert {path: path.stat().st_mtime_ns for path in kept} == kept, "wherever the same checkpoints lie"
    made(tmp_path / "elsewhere/step300.mp4", 0.08)
    assert values()[1] > second, "another file of the same name is another checkpoint"
