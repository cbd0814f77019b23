"""Make the media that `narrator-bench selfcheck` decodes: `python tests/support/make_selfcheck_clips.py`.

Encoders are free to write other bytes in their next version, so the files are bundled and this is run by hand; the
expectations have to be written again afterwards: `narrator-bench selfcheck --write bench/selfcheck/expected.json`.
"""

from __future__ import annotations

import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from bench.selfcheck.inputs import CLIPS, GENERATED, REFERENCE, STEREO, pictures, speech

FPS = Fraction(30000, 1001)
RATE = 44100
SECONDS = 1.3


def stereo(seed: int, rate: int, seconds: float) -> NDArray[np.float32]:
    """Two channels float32 [2, S] that say different things, the second more softly."""
    return np.stack([speech(seed, rate, seconds), speech(seed + 50, rate, seconds) / 2])


def write_clip(path: Path, frames: NDArray[np.uint8], sound: NDArray[np.float32]) -> None:
    """H.264 of limited range, tagged BT.601, with B-frames, and stereo AAC."""
    with av.open(str(path), "w", format="mp4", options={"fflags": "+bitexact"}) as container:
        video = container.add_stream("libx264", rate=FPS, options={"crf": "26", "preset": "veryslow"})
        video.height, video.width = frames.shape[1:3]
        video.pix_fmt = "yuv420p"
        video.codec_context.thread_count = 1
        video.codec_context.flags |= av.codec.context.Flags.bitexact
        video.codec_context.colorspace = av.video.reformatter.Colorspace.SMPTE170M
        video.codec_context.color_range = av.video.reformatter.ColorRange.MPEG
        audio = container.add_stream("aac", rate=RATE, layout="stereo", bit_rate=64000)
        audio.codec_context.flags |= av.codec.context.Flags.bitexact
        for picture in frames:
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(video.encode(None))
        for start in range(0, sound.shape[1], 1024):
            block = np.ascontiguousarray(sound[:, start : start + 1024])
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
            container.mux(audio.encode(frame))
        container.mux(audio.encode(None))


def main() -> None:
    CLIPS.mkdir(exist_ok=True)
    for seed, (reference, generated) in enumerate(zip(REFERENCE, GENERATED, strict=True), 1):
        said = stereo(seed, RATE, SECONDS)
        write_clip(reference, pictures(seed, 20, 64, 96), said)
        # What is said again with another voice in it, so that no number lies at an end of its scale.
        write_clip(generated, pictures(seed + 2, 20, 64, 96), 0.6 * said + 0.4 * stereo(seed + 2, RATE, SECONDS))
    samples = np.rint(stereo(9, 8000, 0.5) * 32767).astype("<i2")
    with wave.open(str(STEREO), "wb") as file:
        file.setparams((2, 2, 8000, samples.shape[1], "NONE", ""))
        file.writeframes(samples.T.tobytes())


if __name__ == "__main__":
    main()
