"""`score` with what people really have: pictures, sound alone, other names, statistics in a file; and clip by clip."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bench.choice import Choice
from bench.media.audio import native_waveform
from bench.media.clip import Decoding, frames
from bench.media.clip_file import ClipFile
from bench.plugins import built_metric
from bench.scoring.reference_file import FOREIGN_METRICS
from metrics.audio import long_stoi, spectrogram, stoi
from metrics.audio.mcd import MelCepstralDistortion

Cli = Callable[..., Any]
FID = "fid:width=64:stride=20"
"""Two frames of a clip through the first layers alone: a distance between sets that takes no time."""

pytestmark = pytest.mark.weights


def score(cli: Cli, real: Path, generated: Path, metrics: str, *more: str | Path) -> tuple[Any, dict[str, Any]]:
    given = ("--real", real, "--generated", generated, "--metrics", metrics, "--workers", "1", "--no-bounds")
    outcome = cli("score", *given, *more, "--json")
    return outcome, json.loads(outcome.out) if outcome.out.startswith("{") else {}


@pytest.fixture(scope="module")
def pictures(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The clips as folders of PNG, nested, with their sound beside them."""
    root = tmp_path_factory.mktemp("pictures")
    for clip in sorted(clips.glob("clip*.mp4")):
        folder = root / "take" / clip.stem
        folder.mkdir(parents=True)
        every = np.concatenate(list(frames(clip, Decoding(fps=None))))
        for number, picture in enumerate(every):
            Image.fromarray(picture).save(folder / f"frame_{number}.png", compress_level=1)  # 10 comes after 9
        shutil.copy(clip.with_suffix(".wav"), folder.with_name(f"{clip.stem}.wav"))
    return root


def test_folders_of_pictures_are_the_clips_they_were_made_of(cli: Cli, clips: Path, pictures: Path) -> None:
    outcome, found = score(cli, clips, pictures, f"mcd,{FID}", "--fps", "25")
    assert outcome.code == 0, outcome.err
    for metric in ("mcd", "fid"):
        assert (found[metric]["n"], found[metric]["value"], found[metric]["failed"]) == (4, 0.0, {})
    folder = pictures / "take/clip0"
    for rate, fps in ((25, 25), (50, 25), (25, 10), (30, 25)):
        read = np.concatenate(list(ClipFile(folder, rate=rate).frames(Decoding(fps=fps))))
        assert abs(len(read) - 40 * fps / rate) <= 1
    assert ClipFile(folder, rate=25).identity(Decoding()) != ClipFile(folder, rate=30).identity(Decoding())


def test_a_long_clip_is_measured_by_those_metrics_that_take_it(
    cli: Cli, clips: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Limits of half a second instead of ten minutes, parts instead of all: whoever takes long sound says the same."""
    metrics = f"stoi,fad-ge2e,mcd,loudness,{FID}"
    outcome, short = score(cli, clips, clips, metrics)
    assert outcome.code == 0, outcome.err
    monkeypatch.setattr(MelCepstralDistortion, "longest_sound", 0.5)
    for module, name, limit in ((stoi, "WHOLE", 0.5), (long_stoi, "PART", 40), (spectrogram, "PART", 50)):
        monkeypatch.setattr(module, name, limit)
    _, long = score(cli, clips, clips, metrics)
    for name in ("stoi", "fad-ge2e", "loudness", "fid"):
        assert long[name]["value"] == pytest.approx(short[name]["value"], abs=1e-12)
        assert long[name]["n"] == short[name]["n"] == 4
    assert short["mcd"]["value"] == 0
    assert (long["mcd"]["value"], long["mcd"]["n"]) == (None, 0)
    refused = "its soundtrack is longer than the 0.5 s that mcd takes: set max_seconds to 0.5 or less"
    assert set(long["mcd"]["failed"].values()) == {f"reference: {refused}"}


def test_the_rate_of_pictures_must_be_told(cli: Cli, clips: Path, pictures: Path) -> None:
    outcome, _ = score(cli, clips, pictures, FID)
    assert outcome.code == 2
    assert "say so with --fps" in outcome.err


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda folder: (folder / "frame_7.png").unlink(), "numbers jump from 6 to 8"),
        (lambda folder: (folder / "frame_7.png").write_bytes(b"no"), "frame_7.png cannot be used"),
        (lambda folder: Image.new("RGB", (9, 9)).save(folder / "frame_7.png"), "frame_7.png is of another size"),
        (lambda folder: Image.new("RGB", (64, 64)).save(folder / "frame_7.jpg"), "have one number"),
    ],
)
def test_a_damaged_folder_of_pictures_is_one_counted_clip(
    cli: Cli, pictures: Path, tmp_path: Path, spoil: Callable[[Path], object], says: str
) -> None:
    shutil.copytree(pictures / "take", tmp_path / "take")
    spoil(tmp_path / "take/clip1")
    outcome, found = score(cli, pictures, tmp_path, FID, "--fps", "25", "--max-failed", "1")
    assert outcome.code == 0, outcome.err
    assert found["fid"]["n"] == 3
    assert [says in reason for reason in found["fid"]["failed"].values()] == [True]


@pytest.mark.parametrize("suffix", ["wav", "flac", "mp3", "ogg"])
def test_folders_of_sound_alone(cli: Cli, clips: Path, tmp_path: Path, suffix: str) -> None:
    import av

    for clip in sorted(clips.glob("clip*.mp4"))[:2]:
        wave, rate = native_waveform(clip.with_suffix(".wav"), 10)
        codec = {"wav": "pcm_f32le", "flac": "flac", "mp3": "mp3", "ogg": "libopus"}[suffix]
        with av.open(str(tmp_path / f"{clip.stem}.{suffix}"), "w") as container:
            stream = container.add_stream(codec, rate=rate, layout="mono")
            kind = stream.codec_context.format.name
            frame = av.AudioFrame.from_ndarray(wave[None], format="fltp", layout="mono")
            frame.sample_rate = rate
            for part in av.AudioResampler(format=kind, layout="mono", rate=rate).resample(frame):
                container.mux(stream.encode(part))
            container.mux(stream.encode(None))
    outcome, found = score(cli, clips, tmp_path, f"mcd,{FID}", "--allow-missing")
    assert outcome.code == 0, outcome.err
    assert found["mcd"]["n"] == 2
    assert found["mcd"]["value"] < {"wav": 0.001, "flac": 0.5}.get(suffix, 6.0)
    assert "no video stream" in found["fid"]["missing"]


def test_a_gif_is_a_clip_and_a_silent_one_takes_the_sound_beside_it(cli: Cli, clips: Path, tmp_path: Path) -> None:
    every = np.concatenate(list(frames(clips / "clip0.mp4", Decoding())))
    images = [Image.fromarray(picture) for picture in every]
    images[0].save(tmp_path / "clip0.gif", save_all=True, append_images=images[1:], duration=40)
    shutil.copy(clips / "clip0.wav", tmp_path / "clip0.wav")
    outcome, found = score(cli, clips, tmp_path, f"mcd,{FID}", "--allow-missing")
    assert outcome.code == 0, outcome.err
    assert (found["mcd"]["n"], found["mcd"]["value"]) == (1, 0.0)


@pytest.mark.parametrize(
    ("renamed", "told"),
    [
        ("iter__{}", "without the prefix 'iter__' of the generated ones"),
        ("{}_fake-v2", "without the suffix '_fake-v2' of the generated ones"),
        ("a/b{}/{}", "by their file names, whatever folders"),
    ],
)
def test_names_that_nearly_agree(cli: Cli, clips: Path, tmp_path: Path, renamed: str, told: str) -> None:
    for clip in sorted(clips.glob("clip*.mp4")):
        for suffix in (".mp4", ".wav"):
            target = tmp_path / (renamed.format(clip.stem, clip.stem) + suffix)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(clip.with_suffix(suffix), target)
    given = ("--metrics", "mcd", "--workers", "1", "--no-bounds")
    for real, generated in ((clips, tmp_path), (tmp_path, clips)):
        outcome = cli("score", "--real", real, "--generated", generated, *given)
        assert outcome.code == 0, outcome.err
        assert "0.0000 dB" in outcome.out
        side = told if real == clips else told.replace("of the generated", "of the real")
        assert side in outcome.out


def test_a_table_says_which_clips_belong_together(cli: Cli, clips: Path, tmp_path: Path) -> None:
    for number, clip in enumerate(sorted(clips.glob("clip*.mp4"))):
        for suffix in (".mp4", ".wav"):
            shutil.copy(clip.with_suffix(suffix), tmp_path / f"{'dcba'[number]}{suffix}")
    table = tmp_path / "pairs.csv"
    table.write_bytes(b"\xef\xbb\xbfgenerated;real\r\nd.mp4;clip0\r\nc;clip1.mp4\r\n./b;clip2\r\ngone;clip3\r\n")
    outcome, found = score(cli, clips, tmp_path, "mcd", "--pairs", table)
    assert outcome.code == 0, outcome.err
    assert (found["mcd"]["n"], found["mcd"]["value"]) == (3, 0.0)
    outcome = cli("score", "--real", clips, "--generated", tmp_path, "--metrics", "mcd", "--pairs", table,
                  "--workers", "1", "--no-bounds")  # fmt: skip
    assert "names no generated clip that is there (gone)" in outcome.out
    assert "not named by --pairs" in outcome.out
    for content, says in [
        ("real\nclip0\n", "lacks the column generated"),
        ("real,generated\nclip0,d\nclip0,c\n", "lines 2 and 3 name one real clip"),
        ("real,generated\n../x,../y\n", "names no pair of clips"),
        ('real,generated\n"clip0,d\n', "broken at line"),
    ]:
        table.write_text(content)
        outcome, _ = score(cli, clips, tmp_path, "mcd", "--pairs", table)
        assert (outcome.code, says in outcome.err) == (2, True), outcome.err


def test_clip_by_clip_in_a_file(cli: Cli, clips: Path, tmp_path: Path) -> None:
    (tmp_path / "g").mkdir()
    for name in ("clip0", "clip1"):
        for suffix in (".mp4", ".wav"):
            shutil.copy(clips / f"{name}{suffix}", tmp_path / "g" / f"{name}{suffix}")
    (tmp_path / "g/clip2.mp4").write_bytes(b"=cmd|' /C calc'!A0")
    options = ("--per-clip", tmp_path / "c.csv", "--max-failed", "1")
    outcome, found = score(cli, clips, tmp_path / "g", f"mcd,{FID}", *options)
    assert outcome.code == 0, outcome.err
    with (tmp_path / "c.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["metric"] == "mcd"]
    scored = {row["clip"]: float(row["score"]) for row in rows if row["score"]}
    assert scored == found["mcd"]["by_clip"] == {"clip0": 0.0, "clip1": 0.0}
    assert {row["clip"]: row["reason"] for row in rows if not row["score"]} == found["mcd"]["failed"]
    assert len(rows) == 4


@pytest.fixture(scope="module")
def others(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two of the clips, exchanged."""
    root = tmp_path_factory.mktemp("others")
    for name, of in (("clip0", "clip1"), ("clip1", "clip2"), ("x", "clip3")):
        for suffix in (".mp4", ".wav"):
            shutil.copy(clips / f"{of}{suffix}", root / f"{name}{suffix}")
    return root


def test_statistics_in_a_file_serve_as_well_as_the_clips(cli: Cli, clips: Path, others: Path, tmp_path: Path) -> None:
    file = tmp_path / "real.npz"
    made = cli("stats", "make", clips, file, "--metrics", FID, "--workers", "1")
    assert made.code == 0, made.err
    content = file.read_bytes()
    assert cli("stats", "make", clips, file, "--metrics", FID, "--workers", "1").code == 0
    assert file.read_bytes() == content
    outcome, found = score(cli, file, others, f"{FID},mcd")
    assert outcome.code == 0, outcome.err
    _, expected = score(cli, clips, others, FID, "--allow-missing")
    assert found["fid"]["value"] == pytest.approx(expected["fid"]["value"], rel=1e-9)
    assert found["fid"]["value"] > 0
    assert found["mcd"]["missing"] == "mcd compares with real clips themselves, and --real is a file of statistics"
    outcome, _ = score(cli, file, others, FID, "--max-seconds", "1")
    assert (outcome.code, "max_seconds was 10.0 and is 1.0" in outcome.err) == (2, True), outcome.err
    outcome, found = score(cli, file, others, f"{FID},fad-ge2e")
    assert "holds no statistics of it, only of fid" in found["fad-ge2e"]["missing"]
    outcome, _ = score(cli, file, others, "fid:width=64:stride=10")
    assert (outcome.code, "make them again with `stats make`" in outcome.err) == (2, True), outcome.err
    assert cli("stats", "make", clips, file, "--metrics", "mcd").code == 2


@pytest.mark.slow
def test_mu_and_sigma_of_other_packages_serve_fid(cli: Cli, clips: Path, others: Path, tmp_path: Path) -> None:
    metric = built_metric(Choice(name="fid", plugin="fid", options={"stride": 20}), "cpu")
    features = []
    for clip in sorted(clips.glob("clip*.mp4")):
        observer = metric.observe()
        for chunk in frames(clip, Decoding()):
            observer.frames(chunk)
        features.append(np.asarray(observer.finish()()["features"], np.float64))
    vectors = np.concatenate(features)
    np.savez(tmp_path / "theirs.npz", mu=vectors.mean(axis=0), sigma=np.cov(vectors, rowvar=False))
    outcome, found = score(cli, tmp_path / "theirs.npz", others, "fid:stride=20,fvmd-lk")
    assert outcome.code == 0, outcome.err
    _, expected = score(cli, clips, others, "fid:stride=20", "--allow-missing")
    assert found["fid"]["value"] == pytest.approx(expected["fid"]["value"], rel=1e-6)
    assert found["fid"]["low"] is None
    assert any("does not say of how many images" in note for note in found["fid"]["notes"])
    assert ", ".join(FOREIGN_METRICS) in found["fvmd-lk"]["missing"]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: path.write_bytes(b""), "no file of reference statistics"),
        (lambda path: path.write_bytes(b"PK\x05\x06" + bytes(18)), "it holds nothing"),
        (lambda path: np.savez(path, mu=np.zeros(4)), "it holds mu"),
        (lambda path: np.savez(path, mu=np.zeros(4), sigma=np.zeros((3, 3))), r"\[4\] and \[3, 3\]"),
        (lambda path: np.savez(path, mu=np.full(4, np.nan), sigma=np.eye(4)), "finite"),
        (lambda path: np.savez(path, mu=np.zeros(2), sigma=np.array([[1.0, 5.0], [5.0, 1.0]])), "negative eigenvalue"),
        (lambda path: np.savez(path, mu=np.array([print], object), sigma=np.eye(1)), "pickle"),
        (lambda path: np.savez(path, about=np.frombuffer(b'{"format": "2"}', np.uint8)), "its format is 2"),
        (lambda path: np.savez(path, about=np.frombuffer(b"{", np.uint8)), "no file of reference statistics"),
    ],
)
def test_a_file_that_is_no_statistics_is_one_sentence(
    cli: Cli, others: Path, tmp_path: Path, make: Callable[[Path], object], says: str
) -> None:
    path = tmp_path / "real.npz"
    make(path)
    outcome, _ = score(cli, path, others, FID)
    assert outcome.code == 2
    assert outcome.err.count("\n") == 1
    assert re.search(says, outcome.err), outcome.err


def test_a_run_over_folders_of_pictures(cli: Cli, pictures: Path, tmp_path: Path) -> None:
    for number in range(4):
        (pictures / f"take/clip{number}.txt").write_text(f"number {number} speaks")
    (tmp_path / "study.yaml").write_text(
        f"name: pictures\ndatasets: [{{name: real, plugin: folder, root: {pictures}, options: {{fps: 25}}}}]\n"
        f"generators: [{{name: theirs, plugin: folder, options: {{root: {pictures / 'take'}, fps: 25}}}}]\n"
        "metrics: [mcd, {name: fid, options: {width: 64, stride: 20}}]\n"
    )
    outcome = cli("run", tmp_path / "study.yaml", "--out", tmp_path / "run", "--workers", "1")
    assert outcome.code == 0, outcome.err
    results = json.loads((tmp_path / "run/results.json").read_text())
    cells = {(cell["generator"], cell["metric"]): cell for cell in results["cells"]}
    for generator in ("theirs", "ceiling"):
        assert (cells[generator, "mcd"]["n"], cells[generator, "mcd"]["failed"]) == (4, {})
        assert cells[generator, "mcd"]["value"] == pytest.approx(0, abs=1e-6)
    assert cells["theirs", "fid"]["n"] == 4
    assert all((tmp_path / "run" / clip["file"]).is_file() for clip in results["clips"])
    assert all((tmp_path / "run" / clip["reference"]).is_file() for clip in results["clips"])
