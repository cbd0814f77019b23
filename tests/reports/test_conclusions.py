"""The sentences at the top of the page, and the warnings: true, complete, each once."""

from __future__ import annotations

from support.large_run import METRICS as PAPER
from support.large_run import large_run
from support.trial_run import METRICS, VALUES, cell, with_cells

from reports.cautions import FEW, cautions
from reports.conclusions import conclusions
from reports.results import Cell, Results


def apart(values: dict[str, float], half: float = 0.5, **fields: object) -> Results:
    """FID of a few generators with intervals of one width."""
    return with_cells([cell(g, "fid", v, low=v - half, high=v + half, n=30) for g, v in values.items()], **fields)


def test_what_is_resolved_is_said_and_what_is_not_is_said_too() -> None:
    found = conclusions(apart({"STE": 10.0, "ETE": 20.0, "still": 30.0, "ceiling": 1.0, "chance": 80.0}))
    assert "STE is better than every other ranked generator by FID on voxceleb." in found.shown
    assert not [text for text in found.not_shown if text.startswith("Which generator")]
    found = conclusions(apart({"STE": 10.0, "ETE": 10.2, "still": 30.0, "ceiling": 1.0, "chance": 80.0}))
    assert not [text for text in found.shown if "better than every other" in text]
    assert [text for text in found.not_shown if text.startswith("Which generator is best by FID on voxceleb")]


def test_chance_is_beaten_or_not() -> None:
    found = conclusions(apart({"STE": 10.0, "ETE": 79.9, "still": 90.0, "ceiling": 1.0, "chance": 80.0}))
    assert "Better than chance: STE, by FID on voxceleb." in found.shown
    assert "Better than chance, or not: ETE and still, by FID on voxceleb." in found.not_shown


def test_an_untrained_generator_shows_nothing() -> None:
    results = apart({"STE": 10.0, "ETE": 20.0, "still": 30.0, "ceiling": 1.0, "chance": 80.0})
    study = results.study.model_copy(update={"untrained": ("STE",)})
    found = conclusions(results.model_copy(update={"study": study}))
    assert not [text for text in found.shown if "STE" in text]
    assert [text for text in found.not_shown if "quality of STE" in text]


def test_equal_sentences_are_one() -> None:
    found = conclusions(large_run(clips=30))
    assert f"Better than chance: all 6 generators, by all {len(PAPER)} metrics on all 4 datasets." in found.shown
    assert len(found.shown) == len(set(found.shown)) < 6


def test_each_warning_stands_once_with_its_numbers_as_a_range() -> None:
    notes = [f"{number} vectors: small-sample bias" for number in range(200, 205)]
    cells = [cell(g, "fid", 5.0, n=30, notes=(note,)) for g, note in zip(VALUES, notes, strict=True)]
    (caution,) = cautions(with_cells(cells))["Sample size"]
    assert caution.text == "200 to 204 vectors: small-sample bias"
    assert caution.where == "FID · all 5 generators · voxceleb"


def test_few_clips_failures_missing_values_and_mixed_protocols_are_told() -> None:
    cells: list[Cell] = [
        cell("STE", "fid", 1.0, n=FEW - 1, protocol="aaaa", failed={"k": "silent"}),
        cell("ETE", "fid", 2.0, n=FEW, protocol="bbbb"),
        cell("STE", "mcd", None),
        cell("ETE", "mcd", None),
    ]
    found = cautions(with_cells(cells))
    assert {kind: len(own) for kind, own in found.items()} == {
        "The study": 1, "Comparability": 2, "Missing values": 1, "Failures": 1, "Sample size": 1,
    }  # fmt: skip
    assert found["Missing values"][0].where == "MCD · STE and ETE · voxceleb"
    assert found["Sample size"][0].where == "FID · STE · voxceleb"


def test_a_run_without_values_still_has_a_top() -> None:
    found = conclusions(with_cells([cell(g, m, None) for g in VALUES for m in METRICS]))
    assert found.shown == ("No difference between generators, and none from chance, is larger than its uncertainty.",)
    assert [text for text in found.not_shown if "values are missing" in text]
