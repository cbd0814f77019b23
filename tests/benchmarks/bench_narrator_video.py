"""Seconds, memory and achieved TFLOP/s of the video half, by stage.

    python tests/benchmarks/bench_narrator_video.py --preset small
    python tests/benchmarks/bench_narrator_video.py --preset paper --device cuda --dtype float16 --clips 2

Runs untrained networks: time depends on shapes alone. After one clip to warm up, `--clips` chained clips are timed and
scaled to ten seconds of video. Operations are counted once, by PyTorch's counter, two a multiply-add.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import resource

import torch
from torch.utils.flop_counter import FlopCounterMode

from narrator.contract import StageClock
from narrator.video.animator import FaceAnimator
from narrator.video.config import FaceAnimatorConfig, Sampling
from narrator.video.face_inputs import FaceInputs


def made_up_face(config: FaceAnimatorConfig) -> FaceInputs:
    """Inputs of the right shapes."""
    levels = range(len(config.unet.widths))
    masks = tuple(torch.full((3, 1, (config.latent_size >> level) ** 2), 0.5) for level in levels)
    picture = torch.zeros(3, config.size, config.size)
    return FaceInputs(picture, picture + 1, torch.zeros(config.identity_width), masks)


def operations(animator: FaceAnimator, face: FaceInputs, sampling: Sampling) -> dict[str, float]:
    """TFLOP of one chained clip, by stage."""
    config = animator.config
    frames, side = config.clip_frames, config.latent_size
    subject = animator.encode_reference(face, sampling)
    noise = torch.zeros(1, 4, frames, side, side)
    counted = {}
    with FlopCounterMode(display=False) as counter:
        motion = face.pixels.expand(config.motion_frames, -1, -1, -1)
        conditions = animator.conditions(subject, motion, None, 0, sampling)
    counted["reference"] = counter.get_total_flops() / 1e12
    with FlopCounterMode(display=False) as counter:
        animator.denoise(noise, conditions, dataclasses.replace(sampling, steps=1))
    counted["denoise"] = counter.get_total_flops() / 1e12 * sampling.steps
    with FlopCounterMode(display=False) as counter:
        animator.decode(noise[:, :, :1])
    counted["vae decode"] = counter.get_total_flops() / 1e12 * frames
    return counted


def peak_bytes(device: torch.device) -> tuple[int, str]:
    """The most memory in use so far, and whose it is."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device), "of the GPU, allocated by PyTorch"
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, "of the process"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", choices=["small", "paper"], default="small")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", choices=["float32", "float16", "bfloat16"], default="float32")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--guidance", type=float)
    parser.add_argument("--attention", choices=["auto", "flash", "memory_efficient", "math"], default="auto")
    parser.add_argument("--without-audio", action="store_true", help="leave the audio modules out")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--channels-last", action="store_true", help="memory format of the convolutions")
    parser.add_argument("--clips", type=int, default=2)
    given = parser.parse_args()

    config = FaceAnimatorConfig.small() if given.preset == "small" else FaceAnimatorConfig.paper()
    if given.without_audio:
        deaf = dataclasses.replace(config.unet, audio_width=None)
        config = dataclasses.replace(config, unet=deaf, audio_projection=None)
    wanted = {"steps": given.steps, "guidance": given.guidance, "attention": given.attention}
    changes = {key: value for key, value in wanted.items() if value is not None}
    sampling = dataclasses.replace(config.sampling, **changes)
    device = torch.device(given.device)
    with device:
        animator = FaceAnimator(config, compile_denoiser=given.compile)
    animator.to(device, getattr(torch, given.dtype)).requires_grad_(False)
    if given.channels_last:
        animator.to(memory_format=torch.channels_last)
    face = made_up_face(config)

    counted = operations(animator, face, sampling)
    clock = StageClock(torch.cuda.synchronize if device.type == "cuda" else None)
    clips = animator.animate(face, (given.clips + 1) * config.clip_frames, seed=0, sampling=sampling, clock=clock)
    next(clips)
    warm = dict(clock.seconds)
    for _ in clips:
        pass

    clips_in_ten = math.ceil(10 * config.fps / config.clip_frames)
    print(
        f"{given.preset}: {config.size} x {config.size}, {sampling.steps} steps, guidance {sampling.guidance}, "
        f"{given.dtype} on {torch.cuda.get_device_name(device) if device.type == 'cuda' else 'CPU'}, "
        f"{torch.get_num_threads()} threads, torch {torch.__version__}, "
        f"audio modules {'off' if given.without_audio else 'on'}, compile {'on' if given.compile else 'off'}, "
        f"channels {'last' if given.channels_last else 'first'}"
    )
    print(
        f"first clip (warm-up): {sum(warm.values()):.2f} s; then {given.clips} clips, scaled to {clips_in_ten} (10 s)"
    )
    print(f"{'stage':<12}{'s / 10 s':>12}{'TFLOP':>12}{'TFLOP/s':>10}")
    for stage, total in [*counted.items(), ("all", sum(counted.values()))]:
        spent = [clock.seconds[name] - warm[name] for name in counted if stage in (name, "all")]
        seconds = sum(spent) / given.clips * clips_in_ten
        print(f"{stage:<12}{seconds:>12.2f}{total * clips_in_ten:>12.3f}{total * clips_in_ten / seconds:>10.3f}")
    peak, whose = peak_bytes(device)
    print(f"peak memory: {peak / 2**30:.2f} GiB {whose}")


if __name__ == "__main__":
    main()
