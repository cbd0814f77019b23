"""Containers other than MP4: the same frames in the same order, and sound that begins when it should."""

from __future__ import annotations

from fractions import Fraction
from math import inf
from pathlib import Path

import av
import numpy as np
import pytest
from support.made_clips import number_in, picture

from bench.media.audio import native_waveform
from bench.media.clip import Decoding, UnreadableClip, frames, probe

RATES = {"ntsc": Fraction(30000, 1001), "film": Fraction(24000, 1001), "pal": Fraction(25)}


def clicking(path: Path, video: str, rate: Fraction, audio: str, delay: float) -> Path:
    """40 numbered frames and one second of silence with a click in its middle, begun `delay` seconds after them."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(video, rate=rate)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = 64, 48, "yuv420p", 2_000_000
        track = container.add_stream(audio, rate=16000, layout="mono")
        for number in range(40):
            frame = av.VideoFrame.from_ndarray(picture(number), format="rgb24")
            frame.pts, frame.time_base = number, 1 / rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        samples = np.zeros((1, 16000), dtype=np.float32)
        samples[0, 8000] = 0.9
        planar = track.codec_context.format.name.startswith("flt")
        sound = av.AudioFrame.from_ndarray(
            samples if planar else np.round(samples * 32767).astype(np.int16), "fltp" if planar else "s16", "mono"
        )
        sound.sample_rate, sound.pts, sound.time_base = 16000, round(delay * 16000), Fraction(1, 16000)
        container.mux(track.encode(sound))
        container.mux(track.encode(None))
    return path


@pytest.mark.parametrize(
    ("name", "video", "rate", "audio", "delay"),
    [
        ("a.avi", "mpeg4", "pal", "pcm_s16le", 0.0),
        ("a.mkv", "libx264", "ntsc", "pcm_s16le", 0.3),  # millisecond clock
        ("a.webm", "libvpx-vp9", "pal", "libopus", 0.25),
        ("a.mp4", "libx264", "pal", "aac", 0.4),
        ("early.mp4", "libx264", "pal", "aac", -0.2),  # sound before the first frame
        ("a.mov", "libx264", "film", "pcm_s16le", 0.2),  # an index that counts samples
        ("a.ts", "libx264", "pal", "aac", 0.3),
        ("a.mpg", "mpeg1video", "pal", "mp2", 0.0),
        ("a.vob", "mpeg2video", "pal", "mp2", 0.0),
        ("a.m2ts", "libx264", "pal", "aac", 0.3),
        ("a.wmv", "wmv2", "pal", "pcm_s16le", 0.2),
        ("a.asf", "libx264", "pal", "pcm_s16le", 0.0),
        ("a.flv", "libx264", "pal", "aac", 0.3),
        ("a.ogv", "libvpx", "pal", "libopus", 0.0),
        ("a.3gp", "libx264", "pal", "aac", 0.2),
        ("a.m4v", "libx264", "pal", "aac", 0.1),
    ],
)
def test_frames_and_sound_of_other_containers(
    tmp_path: Path, name: str, video: str, rate: str, audio: str, delay: float
) -> None:
    clip = clicking(tmp_path / name, video, RATES[rate], audio, delay)
    info = probe(clip)
    assert info.frames == 40
    assert info.fps == pytest.approx(float(RATES[rate]), abs=0.02)
    assert not info.variable_fps
    native = Decoding(fps=None, max_seconds=inf)
    assert [number_in(f) for chunk in frames(clip, native) for f in chunk] == list(range(40))
    waveform, hertz = native_waveform(clip, inf)
    assert int(np.abs(waveform).argmax()) / hertz == pytest.approx(0.5 + delay, abs=0.002)
    try:
        decords = [number_in(f) for chunk in frames(clip, Decoding(fps=None, reader="decord")) for f in chunk]
    except UnreadableClip as error:
        assert "use the pyav reader" in str(error)  # noqa: PT017 - reading right and refusing are both right
    else:
        assert decords == list(range(40))
