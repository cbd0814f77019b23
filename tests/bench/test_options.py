"""Options of plug-ins: a mistake in one is one sentence, found before any work starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from bench import plugins
from bench.choice import Choice
from bench.errors import UserMistake
from bench.study import parse_study
from metrics import ClipObserver, PairedMetric
from metrics.weights import WeightsMissing
from narrator.contract import Narration, Prompt


@dataclass(frozen=True)
class Gauge:
    """A stranger's configuration."""

    stride: int = 1
    bands: tuple[float, ...] = (1.0,)
    mode: Literal["plain", "loud"] = "plain"


class Loudness(PairedMetric):
    """A stranger's metric: no constructor of its own."""

    name, title = "loudness", "Loudness"
    modalities = frozenset({"audio"})
    higher_is_better = False
    config = Gauge()

    def observe(self) -> ClipObserver:
        raise NotImplementedError

    def compare(self, reference: Mapping[str, Any], generated: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"value": np.float64(0)}


def passing_on(**options: Any) -> Loudness:
    return Loudness(config=Gauge(**options))


class Speaker:
    """A stranger's generator, with two parameters that the harness fills."""

    name = "speaker"

    def __init__(
        self, root: str, study_folder: Path, fps: float = 25.0, weight_paths: Mapping[str, Path] | None = None
    ) -> None:
        if fps < 0:
            raise ValueError(f"generator 'speaker': fps must be positive, got {fps}.")
        self.root, self.study_folder = root, study_folder

    def __call__(self, prompt: Prompt) -> Narration:
        raise NotImplementedError

    def describe(self) -> Mapping[str, Any]:
        return {"root": self.root}


class Weighty(Speaker):
    weights = ("unobtainable",)


def _raising(error: BaseException) -> Callable[..., Any]:
    def factory(fps: float = 25.0) -> Any:
        raise error

    return factory


STRANGERS: dict[str, Any] = {
    "loudness": Loudness,
    "passing-on": passing_on,
    "speaker": Speaker,
    "weighty": Weighty,
    "key-error": _raising(KeyError("sizes")),
    "exits": _raising(SystemExit(0)),
    "disk": _raising(OSError(28, "No space left on device")),
    "no-metric": dict,
}


class Registered(EntryPoint):
    """An entry point that finds its plug-in here."""

    def load(self) -> Any:
        return STRANGERS[self.name]


@pytest.fixture
def strangers(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = {name: Registered(name, f"strange:{name}", "narrator_bench") for name in STRANGERS}
    known = plugins.available
    monkeypatch.setattr(plugins, "available", lambda kind: {**known(kind), **entries})


def refused(kind: plugins.Kind, name: str, **options: Any) -> str:
    with pytest.raises(UserMistake) as mistake:
        plugins.make(kind, name, options)
    said = str(mistake.value)
    assert "\n" not in said
    assert said.endswith(".")
    return said


@pytest.mark.parametrize(
    ("kind", "name", "options", "says"),
    [
        ("metric", "fid", {"strid": 2}, "The metric 'fid' has no option 'strid'. Did you mean: stride? Available: "),
        ("metric", "fid", {"stride": "2"}, "The metric 'fid': stride must be a whole number, got '2'."),
        ("metric", "fid", {"stride": True}, "The metric 'fid': stride must be a whole number, got True."),
        ("metric", "fid", {"region": "nose"}, "The metric 'fid': region must be 'frame' or 'face', got 'nose'."),
        ("metric", "mcd", {"alignment": "dwt"}, "The metric 'mcd': alignment must be "),
        ("metric", "stoi", {"extend": True}, "The metric 'stoi' has no option 'extend'. Did you mean: extended"),
        ("metric", "fvmd-compat", {"epsilom": 1}, "has no option 'epsilom'. Did you mean: epsilon?"),
        ("generator", "folder", {}, "The generator 'folder' needs the option 'root'."),
        ("generator", "folder", {"root": "/nowhere"}, "The generator 'folder': "),
        ("generator", "still", {"fsp": 3}, "The generator 'still' has no option 'fsp'. Did you mean: fps?"),
        ("generator", "still", {"fps": "25"}, "The generator 'still': fps must be a number, got '25'."),
        ("generator", "command", {"template": "sh {txt} {out}"}, "The generator 'command': "),
        ("dataset", "fakeavceleb", {"types": 3}, "The dataset 'fakeavceleb': types must be a list, got 3."),
        ("dataset", "synthetic", {"flavor": "hdtf"}, "has no option 'flavor'. Did you mean: flavour?"),
        ("dataset", "hdtf", {"split": "x"}, "The dataset 'hdtf' has no option 'split'. Available: none."),
    ],
)
def test_a_mistake_in_an_option_of_ours(kind: plugins.Kind, name: str, options: dict[str, Any], says: str) -> None:
    assert says in refused(kind, name, **options)


@pytest.mark.usefixtures("strangers")
@pytest.mark.parametrize(
    ("kind", "name", "options", "says"),
    [
        ("metric", "loudness", {"strid": 2}, "The metric 'loudness' has no option 'strid'. Did you mean: stride?"),
        ("metric", "passing-on", {"strid": 2}, "The metric 'passing-on' has no option 'strid'. Did you mean: stride?"),
        ("metric", "loudness", {"mode": "quiet"}, "mode must be 'plain' or 'loud', got 'quiet'."),
        ("metric", "no-metric", {}, "which is no metric."),
        ("generator", "key-error", {}, "The generator 'key-error' cannot be built: KeyError: 'sizes'."),
        ("generator", "exits", {}, "The generator 'exits' cannot be built: SystemExit: 0."),
        ("generator", "disk", {}, "The generator 'disk': [Errno 28] No space left on device."),
        ("generator", "disk", {"fps": [1]}, "fps must be a number, got [1]."),
    ],
)
def test_a_mistake_in_an_option_of_a_stranger(
    kind: plugins.Kind, name: str, options: dict[str, Any], says: str
) -> None:
    assert says in refused(kind, name, **options)


@pytest.mark.usefixtures("strangers")
@pytest.mark.parametrize("name", ["loudness", "passing-on"])
def test_options_change_the_configuration(name: str) -> None:
    metric = plugins.make("metric", name, {"bands": [1, 2.5], "stride": 3} if name == "loudness" else {"stride": 3})
    assert metric.config == Gauge(stride=3, bands=metric.config.bands)
    assert metric.config.bands == ((1.0, 2.5) if name == "loudness" else (1.0,))


@pytest.mark.usefixtures("strangers")
def test_a_generator_is_told_the_study_folder_and_nobody_else_may_tell_it(tmp_path: Path) -> None:
    choice = Choice(name="mine", plugin="speaker", options={"root": "clips"})
    made = plugins.build_generator(choice, tmp_path)
    assert (made.root, made.study_folder) == ("clips", tmp_path)  # type: ignore[attr-defined]
    for name in ("study_folder", "weight_paths"):
        taken = choice.model_copy(update={"options": {"root": "clips", name: "x"}})
        with pytest.raises(UserMistake, match=rf"The generator 'mine' \(plugin 'speaker'\) has no option '{name}'"):
            plugins.build_generator(taken, tmp_path)


@pytest.mark.usefixtures("strangers")
def test_options_are_checked_before_weights_are_fetched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def missing(name: str) -> Path:
        raise WeightsMissing(f"no {name}")

    monkeypatch.setattr(plugins, "fetch", missing)
    with pytest.raises(UserMistake, match="has no option 'rot'"):
        plugins.build_generator(Choice(name="weighty", plugin="weighty", options={"rot": "x"}), tmp_path)
    with pytest.raises(WeightsMissing):
        plugins.build_generator(Choice(name="weighty", plugin="weighty", options={"root": "x"}), tmp_path)
    text = "{name: s, datasets: [synthetic], metrics: [mcd], generators: [{name: weighty, options: {root: x}}]}"
    parse_study(text, "s.yaml", tmp_path).check_plugins()  # clips that fail with their reason, no mistake


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("[mcd]", "[{name: fid, options: {strid: 2}}]", "The metric 'fid' has no option 'strid'"),
        ("[still]", "[{name: mine, plugin: cascade, options: {fsp: 3}}]", r"'mine' \(plugin 'cascade'\) has no option"),
        ("[still]", "[{name: folder, options: {root: nowhere}}]", "The generator 'folder': .*nowhere"),
        ("[still]", "[{name: command, options: {template: sh x}}]", "The generator 'command': "),
        ("[synthetic]", "[{name: synthetic, options: {flavour: x}}]", "Unknown flavour 'x'"),
    ],
)
def test_a_study_is_checked_before_any_work(old: str, new: str, says: str, tmp_path: Path) -> None:
    text = "name: s\ndatasets: [synthetic]\ngenerators: [still]\nmetrics: [mcd]\n".replace(old, new)
    study = parse_study(text, "s.yaml", tmp_path)
    assert study.folder == tmp_path
    assert "folder" not in study.model_dump()
    with pytest.raises(UserMistake, match=says):
        study.check_plugins()
