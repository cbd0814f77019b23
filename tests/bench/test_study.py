"""The study file: defaults, shorthand, and every mistake named in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.errors import UserMistake
from bench.study import bundled_studies, find_study, parse_study
from narrator.load_options import LoadOptions
from narrator.shipped import check_weights

MINIMAL = """
name: tiny
datasets: [{name: hdtf, root: clips}]
generators: [still]
metrics: [mcd]
bounds: false
"""


def parse(text: str) -> object:
    return parse_study(text, "tiny.yaml", Path("/data"))


def test_shorthand_and_defaults() -> None:
    study = parse_study(MINIMAL, "tiny.yaml", Path("/data"))
    assert study.generators[0].name == study.generators[0].plugin == "still"
    assert study.datasets[0].root == Path("/data/clips")
    assert (study.protocol.fps, study.protocol.sample_rate, study.protocol.max_seconds) == (25.0, 16000, 10.0)


def test_label_and_plugin_may_differ() -> None:
    study = parse_study(MINIMAL.replace("[still]", "[{name: a, plugin: folder}]"), "x", Path("/data"))
    assert (study.generators[0].name, study.generators[0].plugin) == ("a", "folder")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (MINIMAL + "protocl: {fps: 25}\n", r"unknown key 'protocl'. Did you mean: protocol"),
        (MINIMAL + "protocol: {fsp: 25}\n", r"unknown key 'protocol.fsp'. Did you mean: fps\?"),
        (MINIMAL.replace("root:", "rooot:"), r"unknown key 'datasets.0.rooot'. Did you mean: root\?"),
        (MINIMAL + "protocol: {fps: -1}\n", r"'protocol.fps'.*greater than 0"),
        (MINIMAL.replace("[still]", "[still, still]"), "generators names still twice"),
        (MINIMAL.replace("[still]", "[]"), "'generators'.*at least 1"),
        (MINIMAL.replace("[still]", "[{name: ../up, plugin: folder}]"), "the label '../up' names a folder"),
        ("just a string", "is not a study"),
        ("a: [", "is not valid YAML"),
        ("!!python/object/apply:os.system ['echo x']", "is not valid YAML"),
    ],
)
def test_mistakes_are_named(text: str, says: str) -> None:
    with pytest.raises(UserMistake, match=says):
        parse(text)


def test_ceiling_and_chance_stand_beside_every_study_that_does_not_say_otherwise() -> None:
    text = MINIMAL.replace("bounds: false\n", "")
    names = [generator.name for generator in parse_study(text, "x", Path("/data")).generators]
    assert names == ["ceiling", "chance", "still"]
    own = text.replace("[still]", "[still, {name: best, plugin: ceiling}]")
    assert [generator.name for generator in parse_study(own, "x", Path("/data")).generators] == [
        "chance",
        "still",
        "best",
    ]


def test_missing_file_names_the_bundled_studies() -> None:
    with pytest.raises(UserMistake, match=r"Cannot read the study nowhere.yaml.*Bundled studies: .*demo"):
        find_study("nowhere.yaml")


@pytest.mark.parametrize("name", bundled_studies())
def test_bundled_studies_parse(name: str) -> None:
    study = find_study(name)
    study.check_plugins()
    assert study.name == name


def test_the_demo_shows_the_weights_that_ship_and_nothing_untrained() -> None:
    study = find_study("demo")
    assert [generator.name for generator in study.generators] == ["ceiling", "chance", "still", "cascade", "narrator"]
    options = LoadOptions(**study.generators[-1].options)
    assert options.takes_shipped
    assert check_weights(options.preset).untrained == ()


def test_unknown_plugin_answers_with_the_nearest() -> None:
    study = parse_study(MINIMAL.replace("[mcd]", "[fdi]"), "x", Path("/data"))
    with pytest.raises(UserMistake, match=r"Unknown metric 'fdi'. Did you mean: .*fid"):
        study.check_plugins()
