"""Tables, plots and page of a stress study, from results alone."""

from __future__ import annotations

from typing import Any

import pytest
from support.trial_run import cell, with_cells

from reports.latex import latex
from reports.markdown import markdown
from reports.page import page
from reports.results import Change, Claim, Clip, Results, ResultsError, StressPoint, Study
from reports.stress import claim_table, stress_frame, stress_tables
from reports.stress_curves import stress_curves
from reports.tables import score_table
from reports.terminal import terminal_tables

NOISE = {"family": "STE", "damage": "voice-noise", "part": "voice", "scale": "white noise", "unit": "dB"}
STRESS = {
    "STE@voice-noise-20dB": StressPoint(**NOISE, strength=20),  # type: ignore[arg-type]
    "STE@voice-noise-0dB": StressPoint(**NOISE, strength=0),  # type: ignore[arg-type]
    "STE@voice-silent": StressPoint(family="STE", damage="voice-silent", part="voice"),
}
MCD: dict[str, Any] = {"dataset": "voxceleb", "metric": "mcd", "n": 6}


def results(**fields: object) -> Results:
    trial = with_cells([])
    metrics = {"mcd": trial.study.metrics["mcd"]}
    cells = [cell("ceiling", "mcd", 0.0), cell("STE", "mcd", 9.0), cell("STE@voice-noise-20dB", "mcd", 9.5)]
    cells += [cell("STE@voice-noise-0dB", "mcd", 12.0), cell("STE@voice-silent", "mcd", None)]
    refused = {"text": "Hi", "text_source": "t", "voice_source": "v", "file": None, "reference": None}
    known: dict[str, object] = {
        "study": Study(
            name="s", seed=1, datasets=("voxceleb",), generators=("ceiling", "STE", *STRESS),
            metrics=metrics, stress=STRESS,
        ),
        "profiles": (),
        "clips": tuple(
            Clip(dataset="voxceleb", generator=generator, key=key, error=error, **refused)  # type: ignore[arg-type]
            for key in ("a", "b")
            for generator, error in (("STE", None), ("STE@voice-silent", "<silent> & refused"))
        ),
        "changes": (
            Change(generator="STE@voice-noise-20dB", difference=0.5, low=-0.1, high=1.1, p_value=0.2, **MCD),
            Change(generator="STE@voice-noise-0dB", difference=3.0, low=2.0, high=4.0, p_value=0.03, **MCD),
        ),
        "claims": (
            Claim(dataset="voxceleb", generator="STE", claim="<b>noisy</b>", verdict="fails", evidence="5 % & so"),
        ),
    }  # fmt: skip
    return with_cells(cells, **known | fields)


def test_rows_go_from_undamaged_to_the_worst_with_differences() -> None:
    (table,) = stress_tables(results())
    noise, silent = table.groups
    assert [row.labels for row in noise] == [("voice-noise", "none"), ("voice-noise", "20 dB"), ("voice-noise", "0 dB")]
    assert [row.entries[0].small for row in noise] == ["[8.000, 10.000]", "+0.500 [-0.100, +1.100] (6)",
                                                       "+3.000 [+2.000, +4.000] (6)"]  # fmt: skip
    assert [row.entries[0].mark for row in noise] == [None, None, "best"]
    assert silent[1].labels == ("voice-silent", "yes")
    assert silent[1].entries[-1].text == "2 of 2"
    assert silent[1].entries[0].text == "—"
    assert "no clip could be scored" in " ".join(table.footnotes)


def test_variants_stay_out_of_the_plain_tables() -> None:
    shown = results()
    assert [row.labels[1] for group in score_table(shown.plain).groups for row in group] == ["STE", "ceiling"]
    assert {clip.generator for clip in shown.plain.clips} == {"STE"}
    assert len(terminal_tables(shown).split("Scores of s")[1].split("STE@")) == 1
    plain = shown.plain
    assert plain.plain is plain


def test_everything_is_escaped_and_stable() -> None:
    table = claim_table(results())
    assert table is not None
    told = page(results(), {}, stress_curves(results()))
    assert "&lt;b&gt;noisy&lt;/b&gt;" in told
    assert "<b>noisy" not in told
    assert "&lt;silent&gt; &amp; refused" in told
    assert r"5 \% \& so" in latex(table)
    assert "| fails | 5 % &amp; so |" in markdown(table)
    assert told == page(results(), {}, stress_curves(results()))


def test_damages_of_several_strengths_are_plotted() -> None:
    (image,) = stress_curves(results()).values()
    assert "white noise (dB)" in image
    assert image == stress_curves(results())["voice-noise"]
    assert stress_curves(with_cells([cell("STE", "fid", 1.0)])) == {}


def test_the_frame_has_strengths_and_differences() -> None:
    frame = stress_frame(results()).set_index("generator")
    assert frame.loc["STE", "damage"] == "none"
    assert frame.loc["STE@voice-noise-0dB", ["family", "strength", "difference", "difference_n"]].tolist() == [
        "STE", 0.0, 3.0, 6,
    ]  # fmt: skip
    assert "ceiling" not in frame.index


def test_a_study_that_stresses_what_it_does_not_name_is_refused(tmp_path) -> None:  # type: ignore[no-untyped-def]
    study = results().study
    other = STRESS["STE@voice-silent"].model_copy(update={"family": "nobody"})
    broken = study.model_copy(update={"stress": {**STRESS, "STE@voice-silent": other}})
    results(study=broken).write(tmp_path / "results.json")
    with pytest.raises(ResultsError, match="its stress names the generator 'nobody'"):
        Results.read(tmp_path / "results.json")


def test_a_study_without_stress_has_no_such_parts() -> None:
    plain = with_cells([cell("STE", "fid", 1.0)])
    assert claim_table(plain) is None
    assert stress_tables(plain) == ()
    assert "Stress" not in page(plain, {})
