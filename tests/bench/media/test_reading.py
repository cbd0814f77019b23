"""Reading real clips: every frame there, both readers alike, sound in step, damage named."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import wave
from itertools import zip_longest
from math import inf, nan
from pathlib import Path

import numpy as np
import pytest
import soxr
from support.made_clips import encode, turned

from bench.media.clip import Decoding, UnreadableClip, first_frame, frames, probe, soundtrack_path, waveform

NATIVE = Decoding(fps=None, sample_rate=None, max_seconds=inf)


def clips(shared: Path) -> dict[Path, dict[str, str]]:
    with (shared / "media/manifest.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return {shared / "media" / row["file"]: row for row in rows if row["file"].startswith(("real/", "generated/"))}


@pytest.mark.shared
@pytest.mark.slow
def test_every_clip_has_the_frames_that_the_manifest_counts(shared: Path) -> None:
    differing = {}
    for path, row in clips(shared).items():
        sizes = [chunk.shape for chunk in frames(path, NATIVE)]
        width, height = map(int, row["WxH"].split("x"))
        assert {size[1:] for size in sizes} == {(height, width, 3)}
        counted = sum(size[0] for size in sizes)
        assert probe(path).frames == counted
        if counted != int(row["frames"]):
            differing[path.name] = (counted, row["frames"])
    assert differing == {}


@pytest.mark.shared
def test_probe_agrees_with_the_manifest(shared: Path) -> None:
    for path, row in clips(shared).items():
        info = probe(path)
        assert f"{info.width}x{info.height}" == row["WxH"]
        assert info.video_codec == row["vcodec"]
        assert (info.sample_rate, info.channels) == (
            (int(row["audio_sr"]), int(row["audio_ch"])) if row["audio_sr"] else (None, None)
        )
        # One 29.97 fps clip lacks a frame on the way, and the two clips below begin with a gap or end with one.
        if path.name not in ("RD_Radio10_0_clip_0.mp4", "vasa1_10_short.mp4", "vasa1_tys_short.mp4"):
            assert info.fps == pytest.approx(float(row["fps"]), abs=0.05)
    assert [path.name for path in clips(shared) if probe(path).variable_fps] == [
        "RD_Radio10_0_clip_0.mp4",
        "retalking_face_1.mp4",
    ]


@pytest.mark.shared
@pytest.mark.slow
def test_decord_returns_pyavs_frames_or_refuses(shared: Path) -> None:
    refused = set()
    for path in clips(shared):
        seconds = 0.6 if probe(path).height > 1000 else 2.5
        try:
            pairs = list(
                zip_longest(
                    frames(path, Decoding(max_seconds=seconds)),
                    frames(path, Decoding(max_seconds=seconds, reader="decord")),
                )
            )
        except UnreadableClip as error:
            refused.add(path.name if "use the pyav reader" in str(error) else str(error))
        else:
            assert all(np.array_equal(ours, decords) for ours, decords in pairs), path.name
    assert refused == {path.name for path in clips(shared) if path.suffix == ".mpg"} | {"RD_Radio10_0_clip_0.mp4"}


@pytest.mark.shared
def test_decord_is_wrong_where_it_is_refused(shared: Path) -> None:
    decord = pytest.importorskip("decord")
    path = shared / "media/real/grid_bbaf2n.mpg"
    reader = decord.VideoReader(str(path))
    decords = reader.get_batch(range(10)).asnumpy().astype(int)
    ours = next(iter(frames(path, NATIVE)))[:10]
    assert np.abs(decords - ours).mean() > 1


def test_a_turned_clip_is_read_upright(tmp_path: Path) -> None:
    plain = encode(tmp_path / "plain.mp4", range(0, 400, 40))
    phone = turned(plain, tmp_path / "phone.mp4")
    for read in (first_frame, lambda path: next(iter(frames(path, Decoding())))[3]):
        assert np.array_equal(read(phone), np.rot90(read(plain), -1))
    assert (probe(phone).width, probe(phone).height) == (48, 64)
    with pytest.raises(UnreadableClip, match="-90 degrees"):
        list(frames(phone, Decoding(reader="decord")))


def test_first_frame_is_the_first_of_the_frames(tmp_path: Path) -> None:
    clip = encode(tmp_path / "late.mp4", range(700, 1500, 40))
    assert np.array_equal(first_frame(clip), next(iter(frames(clip, Decoding())))[0])


def test_chunks_are_the_callers_to_keep(tmp_path: Path) -> None:
    clip = encode(tmp_path / "c.mp4", range(0, 1600, 40))
    chunks = list(frames(clip, Decoding()))
    assert [len(chunk) for chunk in chunks] == [16, 16, 8]
    assert not np.shares_memory(chunks[0], chunks[1])


@pytest.mark.shared
def test_the_soundtrack_is_mixed_cut_and_resampled_once(shared: Path) -> None:
    path = shared / "media/real/edtalk_uncrop_Obama.mp4"  # 20 s, 48 kHz stereo
    native = waveform(path, Decoding(sample_rate=None))
    assert native.dtype == np.float32
    assert native.shape == (480_000,)
    at_16k = waveform(path, Decoding())
    assert np.array_equal(at_16k, soxr.resample(native, 48000, 16000, quality="VHQ"))
    assert len(waveform(path, Decoding(max_seconds=2.5))) == 40_000


@pytest.mark.shared
def test_sound_before_the_first_picture_is_cut(shared: Path) -> None:
    path = shared / "media/real/hamilton_short.mp4"  # pictures begin at 10214/11988 s, sound at 353/44100 s
    whole = 441_344 - round((10214 / 11988 - 353 / 44100) * 44100)
    assert abs(len(waveform(path, NATIVE)) - whole) < 2048  # the decoder's last frame


@pytest.mark.shared
def test_integer_samples_are_scaled_by_their_width(shared: Path) -> None:
    path = shared / "media/speech/LJ001-0002.wav"
    with wave.open(str(path)) as file:
        expected = np.frombuffer(file.readframes(file.getnframes()), dtype=np.int16).astype(np.float32) / 32768
    assert np.array_equal(waveform(path, NATIVE), expected)


def test_a_wav_beside_the_clip_is_its_soundtrack(tmp_path: Path) -> None:
    clip = tmp_path / "a.b.mp4"
    assert soundtrack_path(clip) == clip
    (tmp_path / "a.b.wav").touch()
    assert soundtrack_path(clip) == tmp_path / "a.b.wav"


def damaged(source: Path) -> bytes:
    data = bytearray(source.read_bytes())
    for at in range(len(data) // 2, len(data) // 2 + 3000, 7):
        data[at] ^= 0x5A
    return bytes(data)


@pytest.mark.shared
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (lambda media: b"", "the file is empty"),
        (lambda media: b"this is no video\n" * 9, "it holds text, not media"),
        (lambda media: b"#EXTM3U\n#EXTINF:10,\nfile:/etc/hostname\n", "it holds text, not media"),
        (lambda media: (media / "images/astronaut.png").read_bytes(), "it is no media file"),
        (lambda media: (media / "speech/arctic_a0009.wav").read_bytes(), "it has no video stream"),
        (lambda media: (media / "generated/nfy_man.mp4").read_bytes()[:200_000], "it is cut short: the index"),
        (lambda media: (media / "real/liveportrait_d20.mp4").read_bytes()[:200_000], "is incomplete"),
        (lambda media: (media / "real/grid_bbaf2n.mpg").read_bytes()[:300_000], "decodes with errors"),
        (lambda media: damaged(media / "real/liveportrait_d20.mp4"), "it is damaged"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_its_reason(shared: Path, tmp_path: Path, content, reason) -> None:
    path = tmp_path / "hostile : name #1.mp4"
    path.write_bytes(content(shared / "media"))
    with pytest.raises(UnreadableClip) as caught:
        list(frames(path, Decoding()))
    assert reason in caught.value.reason
    assert str(caught.value) == f"{path}: {caught.value.reason}."


@pytest.mark.shared
def test_missing_streams_and_files_have_their_own_reasons(shared: Path, tmp_path: Path) -> None:
    with pytest.raises(UnreadableClip, match="no audio stream"):
        waveform(shared / "media/real/edtalk_pose_source1_noaudio.mp4", Decoding())
    with pytest.raises(UnreadableClip, match="no such file"):
        probe(tmp_path / "absent.mp4")
    with pytest.raises(UnreadableClip, match="not a regular file: a folder"):
        probe(tmp_path)


@pytest.mark.shared
def test_a_truncated_soundtrack_is_no_shorter_soundtrack(shared: Path, tmp_path: Path) -> None:
    path = tmp_path / "short.mp4"
    path.write_bytes((shared / "media/real/liveportrait_d20.mp4").read_bytes()[:200_000])
    with pytest.raises(UnreadableClip, match=r"cut short|incomplete"):
        waveform(path, Decoding())


@pytest.mark.parametrize(
    "setting",
    [{"fps": 0.0}, {"sample_rate": -1}, {"max_seconds": 0.0}, {"fps": inf}, {"fps": nan}, {"reader": "opencv"}],
)
def test_senseless_settings_are_refused(setting: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="Decoding: "):
        Decoding(**setting)  # type: ignore[arg-type]


@pytest.mark.shared
def test_a_large_clip_streams(shared: Path) -> None:
    """250 frames of 1080x1920 are 1.5 GB; reading them must need a few chunks only."""
    clip = shared / "media/real/latentsync_demo1_video.mp4"
    script = (
        "import resource, sys; from pathlib import Path; from bench.media.clip import Decoding, frames\n"
        "base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "n = sum(len(c) for c in frames(Path(sys.argv[1]), Decoding()))\n"
        "print(n, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base) // 1024)"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    result = subprocess.run([sys.executable, "-c", script, str(clip)], capture_output=True, text=True, env=environment)
    assert result.returncode == 0, result.stderr
    count, megabytes = map(int, result.stdout.split())
    assert count == 250
    assert megabytes < 500
