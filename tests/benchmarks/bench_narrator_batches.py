"""What several prompts at once would save `narrator`, part by part, and whether each one's bytes stay the same.

    python tests/benchmarks/bench_narrator_batches.py
    python tests/benchmarks/bench_narrator_batches.py --preset paper --device cuda --dtype float16

Prints one row of Markdown for each part and batch size: seconds for each prompt, over those of one prompt at a time,
and whether the results are equal to the bit. On the processor the seconds are those that it computed, on one
thread; the least of the rounds counts, and the sizes take turns.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial

import torch
from bench_narrator_video import made_up_face
from torch import Tensor
from transformers.cache_utils import DynamicCache

from bench.profiling.timing import kernel_seconds
from narrator.presets import PRESETS
from narrator.speech.config import SpeechConfig
from narrator.speech.synthesizer import SpeechSynthesizer
from narrator.video.animator import FaceAnimator
from narrator.video.config import FaceAnimatorConfig
from narrator.video.denoising import Conditions

Part = Callable[[Tensor], Tensor]
"""What is made of a batch, an entry each."""
CODES = 40


def speech(config: SpeechConfig, place: torch.Tensor) -> tuple[Part, Part, Tensor, Tensor]:
    """The speech decoder for so many codes with its cache, the vocoder, and inputs of each for one prompt."""
    synthesizer = SpeechSynthesizer(config).to(place).requires_grad_(False).eval()
    gpt = synthesizer.gpt

    def decode(prefixes: Tensor) -> Tensor:
        cache = DynamicCache()
        states = [gpt.states(prefixes, cache)[:, -1:]]
        for place in range(1, CODES):
            codes = gpt.mel_head(states[-1][:, 0]).argmax(-1, keepdim=True)
            states.append(gpt.states(gpt.embed_codes(codes, place), cache))
        return torch.cat(states, 1)

    def vocode(latents: Tensor) -> Tensor:
        speaker = latents.new_ones(len(latents), config.speaker_width, 1)
        return synthesizer.hifigan_decoder.waveform_decoder(latents, speaker)

    width = config.gpt.width
    return decode, vocode, place.new_empty(1, 70, width).normal_(), place.new_empty(1, CODES, width).normal_()


def video(config: FaceAnimatorConfig, place: torch.Tensor) -> tuple[Part, Part, Tensor, Tensor]:
    """One step of the denoising network over a clip, the decoder of pictures, and inputs of each for one prompt."""
    animator = FaceAnimator(config).to(place).requires_grad_(False)
    face = made_up_face(config)
    subject = animator.encode_reference(face, config.sampling)
    shown = face.pixels.expand(config.motion_frames, -1, -1, -1)
    one = animator.conditions(subject, shown, None, 0, config.sampling)
    moving, _ = animator.net.reference_unet(animator.encode(shown), subject.context)
    features = {name: torch.cat([source, moving[name]]) for name, source in subject.features.items()}

    def step(latents: Tensor) -> Tensor:
        count = len(latents)
        assert one.audio is not None
        conditions = Conditions(
            context=one.context.repeat(count, 1, 1),
            location=one.location.repeat(count, 1, 1, 1, 1),
            reference=animator.net.denoising_unet.read_reference(
                {name: each.repeat(1, count, 1, 1) for name, each in features.items()}, config.sampling.reference_order
            ),
            audio=one.audio.repeat(count, 1, 1, 1),
            masks=one.masks,
        )
        branches = latents.repeat_interleave(len(one.context), 0)
        velocity = animator.net.denoising_unet(branches, torch.tensor(500, device=latents.device), conditions)
        return velocity.unflatten(0, (count, -1))

    def decode(latents: Tensor) -> Tensor:
        return animator.vae.decode(latents).sample

    side = config.latent_size
    clip = place.new_empty(1, 4, config.clip_frames, side, side).normal_()
    return step, decode, clip, place.new_empty(1, 4, side, side).normal_()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", choices=["small", "paper"], default="small")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", choices=["float32", "float16"], default="float32")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    place = torch.empty(0, device=given.device, dtype=getattr(torch, given.dtype))
    config = PRESETS[given.preset]()
    now = time.process_time if given.device == "cpu" else time.perf_counter
    print("| part | prompts at once | seconds a prompt | of one at a time | equal bytes |", f"|{'---|' * 5}", sep="\n")
    with torch.inference_mode():
        talk, sound, prefix, latents = speech(config.speech, place)
        move, draw, clip, picture = video(config.video, place)
        parts: dict[str, tuple[Part, Tensor]] = {
            "speech decoder": (talk, prefix), "vocoder": (sound, latents),
            "denoising step": (move, clip), "picture decoder": (draw, picture),
        }  # fmt: skip
        for name, (part, like) in parts.items():
            inputs = torch.cat([torch.empty_like(like).normal_() for _ in range(max(given.sizes))])
            alone = torch.cat([part(inputs[[number]]) for number in range(len(inputs))])
            best = dict.fromkeys(given.sizes, float("inf"))
            for _ in range(given.rounds):
                for size in given.sizes:
                    seconds = kernel_seconds(partial(part, inputs[:size]), given.device, now)
                    best[size] = min(best[size], seconds / size)
            for size, seconds in best.items():
                same = torch.equal(part(inputs[:size]), alone[:size])
                share = f"{seconds / best[given.sizes[0]]:.2f}"
                print(f"| {name} | {size} | {seconds:.4f} | {share} | {'yes' if same else 'no'} |", flush=True)


if __name__ == "__main__":
    main()
