"""The command line: listings, JSON, and the user's mistakes as one sentence with exit code 2."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.cli import doctor
from bench.media.clip import Decoding, UnreadableClip
from bench.media.clip_file import ClipFile
from bench.scoring import measure
from narrator import shipped

Cli = Callable[..., Any]
STUDY = "name: s\ndatasets: [{{name: folder, root: {root}}}]\ngenerators: [ceiling]\nmetrics: [{metric}]\n"


def mistaken(outcome: Any, *says: str) -> None:
    """Exit code 2, one sentence that holds all of these, no traceback."""
    assert outcome.code == 2, outcome
    assert "Traceback" not in outcome.err + outcome.out
    for part in says:
        assert part in " ".join(outcome.err.split())


@pytest.mark.parametrize("what", ["metrics", "generators", "weights", "data"])
def test_listings_are_tables_or_json(cli: Cli, what: str) -> None:
    rows = json.loads(cli(what, "list", "--json").out)
    table = cli(what, "list").out
    first = next(iter(rows[0].values()))
    assert len(rows) >= 5
    assert first in table


def test_metrics_list_shows_signature_or_what_is_needed(cli: Cli) -> None:
    rows = {row["metric"]: row for row in json.loads(cli("metrics", "list", "--json").out)}
    assert {"fad", "fad-ge2e", "mcd", "stoi", "fid", "fvd", "fvmd", "fvmd-lk"} <= set(rows)
    assert all(row["signature"] or row["needs"] for row in rows.values())
    assert rows["stoi"]["better"] == "higher"
    if importlib.util.find_spec("frechet_audio_distance") is None:
        assert "install narrator-bench[fad]" in rows["fad-clap"]["needs"]


def test_doctor_names_what_is_absent_and_how_to_mend_it(cli: Cli) -> None:
    rows = {row["what"]: row for row in json.loads(cli("doctor", "--json").out)}
    assert rows["torch"]["state"] == "ok"
    assert rows["H.264 encoder"]["state"] == "ok"
    assert rows["weights vggish"]["state"] == "ok" or "download" in rows["weights vggish"]["detail"]


def test_doctor_holds_the_trained_weights_against_their_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    told = []
    for content in (None, b"other"):
        if content is not None:
            shipped.weights_file("bundled").write_bytes(content)
            parts = {"preset": "bundled", "sha256": "0", "size": 5, "parameters": {"net": 5}, "licence": "MIT"}
            entangling = {"untrained": (), "seed": 0, "sharing": "explicit", "ablation": "none"}
            shipped.write_card(
                shipped.card_file("bundled"), shipped.Card(**parts, **entangling, recipe="", steps={}, evaluated=None)
            )
        told += doctor._generator_rows()
    assert [row["state"] for row in told] == ["absent", "broken"]
    assert "narrator-bench train bundled" in told[0]["detail"]
    assert "reinstall narrator-bench" in told[1]["detail"]


def test_unknown_study(cli: Cli, tmp_path: Path) -> None:
    mistaken(cli("run", tmp_path / "no.yaml", "--out", tmp_path / "run"), "Cannot read the study", "demo")


def test_unknown_metric(cli: Cli, clips: Path, tmp_path: Path) -> None:
    mistaken(
        cli("score", "--real", clips, "--generated", clips, "--metrics", "fdi"),
        "Unknown metric 'fdi'",
        "Did you mean: fid",
    )


def test_wrong_option_of_a_metric(cli: Cli, clips: Path, tmp_path: Path) -> None:
    study = tmp_path / "s.yaml"
    study.write_text(STUDY.format(root=clips, metric="{name: fid, options: {strid: 2}}"))
    mistaken(
        cli("run", study, "--out", tmp_path / "run"), "The metric 'fid' has no option 'strid'", "Did you mean: stride"
    )


def test_missing_root_and_empty_folder(cli: Cli, tmp_path: Path) -> None:
    study = tmp_path / "s.yaml"
    study.write_text(STUDY.format(root=tmp_path / "nowhere", metric="mcd"))
    mistaken(cli("run", study, "--out", tmp_path / "run"), "there is no folder", "nowhere")
    (tmp_path / "empty").mkdir()
    study.write_text(STUDY.format(root=tmp_path / "empty", metric="mcd"))
    mistaken(cli("run", study, "--out", tmp_path / "run"), "holds no", "no video file lies below it")
    mistaken(cli("score", "--real", tmp_path / "empty", "--generated", tmp_path / "empty"), "holds no")


def test_nothing_usable_says_why(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips/a.mp4").write_text("I am no video")
    study = tmp_path / "s.yaml"
    study.write_text(STUDY.format(root=tmp_path / "clips", metric="mcd"))
    mistaken(cli("run", study, "--out", tmp_path / "run"), "no clip in", "unreadable: 1")


def test_unwritable_output(cli: Cli, clips: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    study = tmp_path / "s.yaml"
    study.write_text(STUDY.format(root=clips, metric="mcd"))
    mistaken(cli("run", study, "--out", tmp_path / "file" / "run"), "Cannot write to the run folder", "--out")


def test_misspelt_key(cli: Cli, clips: Path, tmp_path: Path) -> None:
    study = tmp_path / "s.yaml"
    study.write_text(STUDY.format(root=clips, metric="mcd") + "sead: 3\n")
    mistaken(cli("run", study, "--out", tmp_path / "run"), "unknown key 'sead'", "Did you mean: seed")


@pytest.mark.parametrize("share", ["3/2", "0/2", "a/b", "1"])
def test_impossible_shares(cli: Cli, tmp_path: Path, share: str) -> None:
    mistaken(cli("run", "demo", "--out", tmp_path / "run", "--shard", share), "is not i/n")


@pytest.mark.parametrize("device", ["cuda:99", "quantum"])
def test_impossible_device(cli: Cli, tmp_path: Path, device: str) -> None:
    mistaken(cli("run", "demo", "--out", tmp_path / "run", "--device", device), f"--device '{device}' cannot be used")


def test_report_of_a_folder_without_results(cli: Cli, tmp_path: Path) -> None:
    mistaken(cli("report", tmp_path), "holds no results.json")


def test_score_of_a_folder_with_itself(cli: Cli, clips: Path) -> None:
    outcome = cli("score", "--real", clips, "--generated", clips, "--metrics", "mcd,stoi", "--workers", "1", "--json")
    scores = json.loads(outcome.out)
    assert scores["mcd"]["value"] == 0.0
    assert scores["stoi"]["value"] == pytest.approx(1.0, abs=1e-6)
    assert scores["mcd"]["n"] == 4


def test_score_stands_between_its_bounds(cli: Cli, clips: Path) -> None:
    arguments = ("score", "--real", clips, "--generated", clips, "--metrics", "mcd,stoi,fid:width=64", "--workers", "1")
    scores = json.loads(cli(*arguments, "--json").out)
    assert scores["mcd"]["ceiling"]["value"] == 0.0
    assert scores["mcd"]["chance"]["value"] > 1
    assert scores["mcd"]["chance"]["n"] == 4
    assert scores["stoi"]["ceiling"]["value"] == pytest.approx(1.0, abs=1e-6)
    assert scores["stoi"]["chance"]["value"] < 0.9
    assert scores["fid"]["value"] == 0.0
    assert scores["fid"]["ceiling"]["value"] > 0
    assert scores["fid"]["ceiling"]["n"] == 4
    assert scores["fid"]["ceiling"]["details"]["half"] == 2
    assert scores["fid"]["ceiling"]["signature"] == scores["fid"]["signature"]
    assert scores["fid"]["chance"]["value"] is None
    said = " ".join(cli(*arguments).out.split())
    assert "fid: ceiling: two halves of 2 clips, extrapolated to 4" in said
    assert "fid: no chance: a distance between sets does not depend on which clip" in said
    plain = cli(*arguments, "--no-bounds")
    assert "chance" not in plain.out
    assert "chance" not in json.loads(cli(*arguments, "--no-bounds", "--json").out)["mcd"]


def test_one_clip_has_no_bound_but_a_paired_ceiling(cli: Cli, clips: Path, tmp_path: Path) -> None:
    """The other real clips have no generated one: they count neither in the score nor in its bounds."""
    first = sorted(clips.glob("*.mp4"))[0]
    (tmp_path / first.name).write_bytes(first.read_bytes())
    arguments = ("score", "--real", clips, "--generated", tmp_path, "--metrics", "mcd,fid:width=64", "--workers", "1")
    scores = json.loads(cli(*arguments, "--json").out)
    assert scores["mcd"]["ceiling"]["value"] == 0.0
    assert scores["mcd"]["chance"]["missing"] == "there is no other clip to be paired with"
    assert scores["fid"]["ceiling"]["missing"] == "two halves need two clips at the least, got 1"


@pytest.mark.skipif(importlib.util.find_spec("frechet_audio_distance") is not None, reason="the extra fad is here")
def test_a_metric_without_its_package_is_one_missing_cell_before_anything_is_decoded(
    cli: Cli, clips: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure, "native_waveform", lambda *_: pytest.fail("a clip was decoded"))
    arguments = ("score", "--real", clips, "--generated", clips, "--metrics", "fad-clap", "--workers", "1", "--json")
    score = json.loads(cli(*arguments).out)["fad-clap"]
    assert score["value"] is None
    assert score["missing"].startswith("FAD on clap needs frechet-audio-distance")
    assert "install narrator-bench[fad]" in score["missing"]
    assert score["n"] == 0
    assert score["failed"] == {}
    assert score["ceiling"]["missing"] == score["missing"]


def test_paper_table1_is_counted_from_the_live_module(cli: Cli) -> None:
    rows = {row["layer"]: row for row in json.loads(cli("paper", "table1", "--json").out)}
    assert rows["one encoder"]["measured"] == rows["one encoder"]["published"] == 1_575_936
    assert rows["MultiheadAttention-2"]["measured"] == rows["MultiheadAttention-2"]["published"] == 1_048_576
    assert rows["shared (STE)"]["measured"] == 1_575_936
    assert rows["explicit (ETE)"]["measured"] == 3_151_872


def test_a_clip_that_cannot_be_opened_is_one_failure_of_a_score(
    cli: Cli, clips: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For instance without the permission to read it, which the superuser always has."""
    identity = ClipFile.identity

    def refused(clip: ClipFile, decoding: Decoding) -> str:
        if clip.video.name == "clip0.mp4":
            raise UnreadableClip(clip.video, "it may not be read")
        return identity(clip, decoding)

    monkeypatch.setattr(ClipFile, "identity", refused)
    arguments = ("score", "--real", clips, "--generated", clips, "--metrics", "mcd", "--workers", "1", "--json")
    score = json.loads(cli(*arguments, "--max-failed", "0.5", "--no-bounds").out)["mcd"]
    assert score["n"] == 3
    assert score["failed"] == {"clip0": "generated: it may not be read"}
