"""A run as one file and back, and its study replayed. What is refused: `tests/hostile/archives.py`."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.archives import archive_of_run, finished_run, rewritten
from support.made_profiles import made_profile

from bench.archiving import manifest as limits
from bench.archiving.reading import open_archive, results_of
from bench.archiving.replay import Difference, differences
from reports import rows
from reports.results import Results

Cli = Callable[..., Any]
CLIP, REFERENCE = "generated/still/made/clip0.mp4", "reference/made/clip0.mp4"
STATISTICS = "measured/cpu/0123/abc.stats"
RECORDS = ["clip_scores.json", "costs.json", "environment.json", "results.json", "study.yaml"]


@pytest.mark.parametrize(
    ("options", "more"),
    [((), []), (("--media",), [CLIP, REFERENCE]), (("--statistics", "--media"), [CLIP, STATISTICS, REFERENCE])],
)
def test_a_run_comes_back_as_it_was(cli: Cli, tmp_path: Path, options: tuple[str, ...], more: list[str]) -> None:
    run = finished_run(tmp_path / "run")
    outcome = cli("archive", run, tmp_path / "run.zip", *options)
    assert outcome.code == 0, outcome.err
    assert f"Archive: {tmp_path / 'run.zip'}, {len(RECORDS + more)} files" in outcome.out
    with zipfile.ZipFile(tmp_path / "run.zip") as archive:
        assert archive.namelist() == [*sorted(RECORDS + more), "manifest.json"]
    outcome = cli("unpack", tmp_path / "run.zip", "--out", tmp_path / "sub/back")
    assert outcome.code == 0, outcome.err
    back = sorted(path.relative_to(tmp_path / "sub/back") for path in (tmp_path / "sub/back").rglob("*.*"))
    assert [path.as_posix() for path in back] == sorted(RECORDS + more)
    assert all((tmp_path / "sub/back" / path).read_bytes() == (run / path).read_bytes() for path in back)
    assert os.listdir(tmp_path / "sub") == ["back"]
    assert cli("report", tmp_path / "sub/back").code == 0


def test_a_profile_comes_along_where_a_run_has_one(cli: Cli, tmp_path: Path) -> None:
    run = finished_run(tmp_path / "run")
    made_profile(0).write(run / "profile.json")
    assert cli("archive", run, tmp_path / "run.zip").code == 0
    assert cli("unpack", tmp_path / "run.zip", "--out", tmp_path / "back").code == 0
    assert (tmp_path / "back/profile.json").read_bytes() == (run / "profile.json").read_bytes()
    assert results_of(tmp_path / "run.zip") == results_of(run)


def test_checkpoints_of_a_sweep_may_be_members(cli: Cli, tmp_path: Path) -> None:
    run = finished_run(tmp_path / "run", label="mine@100")
    assert cli("archive", run, tmp_path / "run.zip", "--media").code == 0
    with zipfile.ZipFile(tmp_path / "run.zip") as archive:
        assert CLIP.replace("still", "mine@100") in archive.namelist()
    assert results_of(tmp_path / "run.zip") == results_of(run)


def test_the_same_run_gives_the_same_bytes_wherever_and_whenever(cli: Cli, tmp_path: Path) -> None:
    run = finished_run(tmp_path / "run")
    assert cli("archive", run, tmp_path / "one.zip", "--media", "--statistics").code == 0
    other = tmp_path / "elsewhere/of another name"
    for path in sorted(run.rglob("*"), reverse=True):  # made in another order, at another time, with other permissions
        if path.is_file():
            target = other / path.relative_to(run)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            target.chmod(0o600)
            os.utime(target, (1e9, 1e9))
    (other / "report").mkdir()
    (other / "report/index.html").write_text("not archived")
    assert cli("archive", other, tmp_path / "two.zip", "--media", "--statistics").code == 0
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_results_are_the_same_from_folder_file_and_archive(cli: Cli, tmp_path: Path) -> None:
    run = finished_run(tmp_path / "run")
    assert cli("archive", run, tmp_path / "run.zip", "--media").code == 0
    results = results_of(run)
    assert results.cells[0].by_clip == {"clip0": 2.0}
    assert results_of(run / "results.json") == results
    assert results_of(tmp_path / "run.zip") == results


def test_rows_of_very_many_clips_travel_too(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = finished_run(tmp_path / "run")
    monkeypatch.setattr(rows, "MOST_INSIDE", 0)
    results_of(run).write(run / "results.json")
    assert cli("archive", run, tmp_path / "run.zip", "--media").code == 0
    assert cli("unpack", tmp_path / "run.zip", "--out", tmp_path / "out").code == 0
    assert (tmp_path / "out" / rows.FILE).read_bytes() == (run / rows.FILE).read_bytes()
    assert results_of(tmp_path / "out") == results_of(tmp_path / "run.zip") == results_of(run)
    (run / rows.FILE).unlink()
    assert f"{rows.FILE} is not there" in cli("archive", run, tmp_path / "other.zip").err.replace("\n", " ")


def test_the_folder_of_an_archive_is_private_and_vanishes(tmp_path: Path) -> None:
    with open_archive(archive_of_run(tmp_path)) as folder:
        assert sorted(os.listdir(folder)) == RECORDS
        assert folder.stat().st_mode & 0o077 == 0
    assert not folder.exists()


def test_an_archive_written_by_another_program_is_read(cli: Cli, tmp_path: Path) -> None:
    """So the hostile archives, which are made in the same way, are refused for what is hostile in them."""
    path = archive_of_run(tmp_path)
    rewritten(path)
    assert cli("unpack", path, "--out", tmp_path / "out").code == 0


def test_any_changed_byte_is_noticed_or_changes_nothing(cli: Cli, tmp_path: Path) -> None:
    path = archive_of_run(tmp_path)
    whole, results = path.read_bytes(), results_of(path)
    for place in range(0, len(whole), 41):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        outcome = cli("unpack", path, "--out", tmp_path / "out")
        assert outcome.code in (0, 2), outcome
        if outcome.code == 0:  # a time or a permission, which nobody reads
            assert results_of(tmp_path / "out") == results
            shutil.rmtree(tmp_path / "out")
        else:
            assert outcome.err.count("\n") == 1
            assert not (tmp_path / "out").exists()


def test_an_archive_of_too_much_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever its ratio; the true limit is too large for a test."""
    path = archive_of_run(tmp_path)
    rewritten(path, lambda content: content.update({STATISTICS: bytes(8 << 20)}))
    monkeypatch.setattr("bench.archiving.reading.MAX_TOTAL", 4 << 20)
    with pytest.raises(limits.ArchiveError, match="would unpack to more than"), open_archive(path):
        pass


def test_an_archive_replaces_no_file(cli: Cli, tmp_path: Path) -> None:
    path = archive_of_run(tmp_path)
    before = path.read_bytes()
    assert cli("archive", tmp_path / "made-run", path).code == 2
    assert path.read_bytes() == before
    outcome = cli("unpack", path, "--out", tmp_path / "made-run")
    assert outcome.code == 2
    assert "exists already" in outcome.err


@pytest.fixture(scope="module")
def content() -> dict[str, Any]:
    return {
        "name": "tiny",
        "bounds": False,
        "datasets": [{"name": "made", "plugin": "folder", "root": "data", "clips": 2}],
        "generators": [{"name": "stolen", "plugin": "folder", "options": {"root": "data"}}],
        "metrics": ["stoi", "mcd"],
    }


def test_a_study_is_replayed_from_its_archive(
    cli: Cli, clips: Path, content: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(clips, "data")
    Path("tiny.yaml").write_text(yaml.safe_dump(content))
    assert cli("run", "tiny.yaml", "--out", "run", "--workers", "1").code == 0
    assert cli("archive", "run", "tiny.zip", "--media", "--statistics").code == 0
    outcome = cli("run", "--from-results", "tiny.zip", "--out", "again", "--workers", "1")
    assert outcome.code == 0, outcome.err
    assert "Replay: 2 of 2 cells are as then, within 1e-06." in outcome.out
    assert Path("again/results.json").read_bytes() == Path("run/results.json").read_bytes()

    # another number, another signature, and the data in another place with another clip
    path = Path("run/results.json")
    told = json.loads(path.read_text())
    stoi, mcd = told["cells"]
    mcd["signature"] = "mcd|version:0"
    path.write_text(json.dumps(told))
    Path("data").rename("moved")
    shutil.copy(clips / "clip3.wav", f"moved/{told['clips'][0]['key']}.wav")
    outcome = cli("run", "--from-results", "run", "--out", "third", "--workers", "1")
    assert outcome.code == 2
    assert "data" in outcome.err
    assert outcome.err.count("\n") == 1
    Path("data").symlink_to(clips)  # of the generator
    outcome = cli("run", "--from-results", path, "--root", "made=moved", "--out", "third", "--workers", "1")
    assert outcome.code == 0, outcome.err
    assert "Replay: 0 of 2 cells are as then" in outcome.out
    assert f"{stoi['value']:.9g}" in outcome.out
    assert "signature mcd|version:0 -> mcd" in outcome.out
    assert "1 of 2 clips have another prompt or reference clip than then." in outcome.out


def test_a_difference_says_what_it_is(tmp_path: Path) -> None:
    before = Results.read(finished_run(tmp_path / "run") / "results.json")

    def after(**fields: Any) -> list[Difference]:
        cell = before.cells[0].model_copy(update=fields)
        return differences(before, before.model_copy(update={"cells": (cell,)}))

    assert after(value=2.0 + 1e-6) == []
    other = Difference("made", "still", "mcd", "2", "2.00001", "by 5e-06")
    assert after(value=2.00001) == [other]
    assert after(value=None, missing="no") == [replace(other, now="", differs="missing now")]
    assert after(signature="x") == [replace(other, now="2", differs="signature mcd|version:1 -> x")]
    assert after(n=3, protocol="x")[0].differs == f"protocol {before.cells[0].protocol} -> x; clips 1 -> 3"
    assert differences(before, before.model_copy(update={"cells": ()})) == [
        replace(other, now="", differs="not there now")
    ]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--out", "out"), "run needs a study, by its file or name, or --from-results"),
        (("demo", "--from-results", "run.zip", "--out", "out"), "leave out STUDY, or --from-results"),
        (("demo", "--root", "made=data", "--out", "out"), "--root and --run-programs go with --from-results"),
        (("--from-results", "made-run", "--out", "made-run"), "is the run to be replayed: choose another folder"),
        (("--from-results", "run.zip", "--out", "o", "--root", "made"), "'made' is not DATASET=FOLDER"),
        (("--from-results", "run.zip", "--out", "o", "--root", "a=b", "--root", "a=c"), "the dataset 'a' twice"),
        (("--from-results", "run.zip", "--out", "o", "--root", "x=data"), "the study has no dataset 'x', it has made"),
        (("--from-results", "nowhere", "--out", "o"), "Cannot read the results nowhere: No such file"),
        (("--from-results", "nothing", "--out", "o"), "Cannot read the results nothing/results.json"),
    ],
)
def test_what_cannot_be_replayed_is_one_sentence(
    cli: Cli, words: tuple[str, ...], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive_of_run(tmp_path)
    (tmp_path / "nothing").mkdir()
    monkeypatch.chdir(tmp_path)
    outcome = cli("run", *words)
    assert outcome.code == 2
    assert says in outcome.err
    assert outcome.err.count("\n") == 1
