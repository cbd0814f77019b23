"""Seconds of the whole generator by stage, and what the key-value cache saves.

    python tests/benchmarks/bench_narrator_speech.py --preset small
    python tests/benchmarks/bench_narrator_speech.py --preset paper --device cuda --dtype float16

Runs untrained networks, whose speech goes on to the limit of an utterance: time depends on shapes alone. The video half
has a benchmark of its own; here `--frames` frames of it are drawn, 0 for speech alone.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch

import narrator
from narrator.contract import Prompt, Voice
from narrator.face import Face
from narrator.model import Narrator
from narrator.speech.sampling import SamplingRules


class MadeUpFace:
    """Landmarks in the middle of any picture, so that no face network is needed."""

    def find(self, image: np.ndarray) -> Face:
        points = np.random.default_rng(0).uniform(0.25, 0.75, (468, 3)) * image.shape[0]
        return Face(points.astype(np.float32), 1.0)


def seconds(action: Callable[[], object], device: str) -> float:
    """Wall seconds of an action, its kernels included."""
    start = time.perf_counter()
    action()
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    return time.perf_counter() - start


def without_cache(generator: Narrator, prefix: torch.Tensor, codes: list[int]) -> None:
    """Run the whole sequence anew for every code."""
    gpt = generator.networks.speech.gpt
    with torch.inference_mode():
        for length in range(1, len(codes) + 1):
            gpt.teacher_forced(prefix, torch.tensor([codes[:length]], device=prefix.device))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="small")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--frames", type=int, default=50)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()

    generator = narrator.load(options.preset, device=options.device, dtype=options.dtype)
    generator._faces = MadeUpFace()  # type: ignore[assignment]
    rng = np.random.default_rng(0)
    voice = Voice((rng.standard_normal(6 * 22_050) * 0.1).astype(np.float32), 22_050)
    prompt = Prompt("bench", "Good morning.", rng.integers(0, 256, (512, 512, 3), dtype=np.uint8), voice, 0)
    for repeat in range(options.repeats + 1):
        narration = generator(prompt)
        drawn = 0
        for chunk in narration.chunks() if options.frames else ():
            drawn += len(chunk)
            if drawn >= options.frames:
                break
        stages = ", ".join(f"{name} {value:.3f}" for name, value in narration.seconds.items())
        label = "warm-up" if repeat == 0 else f"run {repeat}"
        print(f"{label}: {len(narration.waveform) / narration.sample_rate:.2f} s speech, {drawn} frames; {stages}")

    speech = generator.networks.speech
    latents, _ = speech.encode_voice(torch.as_tensor(voice.waveform, device=options.device), voice.sample_rate)
    ids = torch.tensor([[generator.tokenizer.start, 20, 21, 22, generator.tokenizer.stop]], device=options.device)
    prefix = torch.cat([latents, speech.embed_text(ids)], 1)
    codes: list[int] = []

    def cached() -> None:
        codes[:], _ = speech.gpt.speak(prefix, SamplingRules(), torch.Generator().manual_seed(0))

    for _ in range(options.repeats):
        fast = seconds(cached, options.device)
        slow = seconds(lambda: without_cache(generator, prefix, codes), options.device)
        print(f"{len(codes)} codes: {fast:.3f} s with the cache, {slow:.3f} s without ({slow / fast:.1f} times)")


if __name__ == "__main__":
    main()
