"""What two datasets share is found: people, equal clips and re-encoded ones; other clips of one recording are not."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import pytest

from bench.datasets.dataset import DatasetIndex, Sample
from bench.datasets.likeness import differing_bits, likeness, sound_alike
from bench.datasets.overlap import overlap
from bench.media.clip import Decoding, frames, waveform
from bench.media.writing import write_clip
from bench.workers.pool import WorkerPool
from bench.workers.progress import Result


def silent(results: Iterable[Result], total: int, doing: str) -> Iterable[Result]:
    return results


def index_of(name: str, **clips: Path) -> DatasetIndex:
    samples = tuple(Sample(key, path, "none", speaker=f"id0000{len(key)}") for key, path in sorted(clips.items()))
    return DatasetIndex(name, Path(), samples, ())


@pytest.mark.shared
def test_copies_are_found_and_neighbours_are_not(shared: Path, tmp_path: Path) -> None:
    """A copy of half the size, ten times the loss and a later start; and the next seconds of the same recording."""
    source = shared / "media/real/WDA_KatieHill_000.mp4"
    pictures = np.concatenate(list(frames(source, Decoding(max_seconds=8.0))))
    sound = waveform(source, Decoding(max_seconds=8.0))
    small = np.stack([cv2.resize(picture, (128, 128), interpolation=cv2.INTER_AREA) for picture in pictures])
    write_clip(tmp_path / "first.mp4", [small[:100]], 25.0, sound[:64000], 16000)
    write_clip(tmp_path / "copy.mp4", [small[20:100, ::2, ::2]], 25.0, 0.5 * sound[12800:64000], 16000, crf=35)
    write_clip(tmp_path / "next.mp4", [small[100:]], 25.0, sound[64000:], 16000)
    shutil.copy(tmp_path / "first.mp4", tmp_path / "same.mp4")
    shutil.copy(tmp_path / "first.wav", tmp_path / "same.wav")
    (tmp_path / "broken.mp4").write_bytes(b"no clip")
    one = index_of("voxceleb", first=tmp_path / "first.mp4")
    other = index_of(
        "fakeavceleb", copy=tmp_path / "copy.mp4", next=tmp_path / "next.mp4", same=tmp_path / "same.mp4",
        broken=tmp_path / "broken.mp4",
    )  # fmt: skip
    with WorkerPool(1) as pool:
        found = overlap(one, other, 8.0, pool, silent)
    assert {(s.kind, s.first, s.second) for s in found.shared} == {
        ("same content", "first", "same"),
        ("near-duplicate", "first", "copy"),
    }
    assert [(f.subject, f.reason) for f in found.findings] == [("broken", "unreadable")]
    pair = [likeness(Sample(key, tmp_path / f"{key}.mp4", "none"), 8.0) for key in ("first", "next")]
    hashes = np.array([clip.picture for clip in pair], np.uint64)
    assert differing_bits(hashes[:1], hashes[1:])[0, 0] <= 12  # the pictures alone would call them the same
    assert (sound_alike(pair[0].envelope, pair[1].envelope) or 0) < 0.8


def test_people_are_counted() -> None:
    one = DatasetIndex("voxceleb", Path(), tuple(Sample(k, Path(k), "", speaker="id00017") for k in "ab"), ())
    other = DatasetIndex("fakeavceleb", Path(), (Sample("c", Path("c"), "", speaker="id00017"),), ())
    with WorkerPool(1) as pool:
        found = overlap(one, other, 1.0, pool, silent)
    (shared,) = found.shared
    assert (shared.kind, shared.first, shared.second) == ("speaker", "2 clips", "1 clips")
    assert shared.detail == "voxceleb:id00017"
    assert len(found.findings) == 3  # no such files


def test_bits_and_envelopes() -> None:
    hashes = np.array([0, 1, 2**64 - 1], np.uint64)
    assert differing_bits(hashes, hashes).tolist() == [[0, 1, 64], [1, 0, 63], [64, 63, 0]]
    rng = np.random.default_rng(0)
    envelope = rng.normal(size=200).astype(np.float32)
    assert sound_alike(envelope, 3 * envelope[40:120] + 1) == pytest.approx(1.0, abs=1e-5)
    assert (sound_alike(envelope, rng.normal(size=200).astype(np.float32)) or 0) < 0.6
    assert sound_alike(envelope, envelope[:49]) is None
