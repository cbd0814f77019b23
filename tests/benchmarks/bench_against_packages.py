"""All six metrics in one run beside the reference packages one after another, on the same clips, taking turns.

    python tests/reference/build_environment.py FOLDER
    python tests/benchmarks/bench_against_packages.py FOLDER/bin/python CLIPS [--clips 4] [--frames 16] [--seconds 2]
        [--rounds 5] [--metrics fvmd,fad] [--generators 1]

CLIPS holds talking-face clips; their beginnings are scored against the same with noise, more of it for each further
generator. So that fvmd ends, few frames are taken of each clip, and more of the sound. Every command is timed as its
user waits for it, start of Python included, on the wall and by the processors' time, which is what counts where others
use the machine too. With several generators the packages see the reference once for each, we
once. The packages get frames and sound as files, the making of which is not counted. Values stand side by side, so that
what is compared is the same computation.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from bench.media import clip as media
from bench.media.writing import write_clip
from metrics.audio.embeddings.vggish import VGGishNetwork
from metrics.motion.pips import PipsPlusPlus

TESTS = Path(__file__).resolve().parents[1]
SCRIPT = TESTS / "reference" / "score_with_package.py"
sys.path[:0] = [str(TESTS)]
from support.reference_inputs import uniform_weights  # noqa: E402
from support.seeded_pips import seeded_weights  # noqa: E402

OURS = {
    "fad": "fad-gudgud96",
    "mcd": "mcd-pymcd-dtw",
    "stoi": "stoi",
    "fid": "fid-pytorch",
    "fvd": "fvd-cd",
    "fvmd": "fvmd-compat",
}
PACKAGES = {
    "fad": "frechet-audio-distance",
    "mcd": "pymcd",
    "stoi": "pystoi",
    "fid": "pytorch-fid",
    "fvd": "cd-fvd",
    "fvmd": "fvmd",
}
IN_OUR_ENVIRONMENT = ("mcd", "stoi")
FPS, RATE = 25, 16000
Seconds = list[NDArray[np.float64]]
"""For each round seconds on the wall and of the processors."""


def make_clips(source: Path, folder: Path, clips: int, frames: int, seconds: float, generators: int = 1) -> None:
    """`folder/{reference,generated-1,...}`: beginnings of the first clips that have sound, and the same with noise.

    All are of the size of the first: pytorch-fid cannot read others together.
    """
    decoding = media.Decoding(fps=FPS, sample_rate=RATE, max_seconds=seconds)
    made, size = 0, None
    for path in sorted(source.iterdir()):
        if made == clips:
            return
        info = media.probe(path)
        if info.audio_codec is None or info.duration < seconds or size not in (None, (info.width, info.height)):
            continue
        size = info.width, info.height
        pictures = np.concatenate(list(media.frames(path, decoding)))[:frames]
        sound = media.waveform(path, decoding)
        write_clip(folder / "reference" / f"{made:02}.mp4", [pictures], FPS, sound, RATE)
        for number in range(1, generators + 1):
            random = np.random.default_rng([made, number])
            noisy = (pictures + random.normal(0, 25 * number, pictures.shape)).clip(0, 255).astype(np.uint8)
            hiss = 0.05 * number * np.abs(sound).max() * random.standard_normal(len(sound), dtype=np.float32)
            write_clip(folder / f"generated-{number}" / f"{made:02}.mp4", [noisy], FPS, sound + hiss, RATE)
        made += 1
    if made < clips:
        raise SystemExit(
            f"{source} has only {made} clips of {seconds} s with sound and of one size; ask for fewer with --clips."
        )


def unpack(folder: Path, side: str) -> Path:
    """What the packages read: `frames/CLIP/0000.png` and `sound/CLIP.wav` of the clips as we decode them."""
    target = folder / "unpacked" / side
    (target / "sound").mkdir(parents=True)
    for path in sorted((folder / side).glob("*.mp4")):
        pictures = target / "frames" / path.stem
        pictures.mkdir(parents=True)
        frames = np.concatenate(list(media.frames(path, media.Decoding(fps=FPS))))
        for number, frame in enumerate(frames):
            Image.fromarray(frame).save(pictures / f"{number:04}.png")
        (target / "sound" / f"{path.stem}.wav").write_bytes(path.with_suffix(".wav").read_bytes())
    return target


def write_weights(folder: Path) -> None:
    """The seeded weights that the packages are given, in our layouts, and a listing that knows them."""
    vggish, pips = VGGishNetwork(), PipsPlusPlus()
    shapes = {name: tuple(value.shape) for name, value in vggish.state_dict().items()}
    torch.save(
        {name: torch.from_numpy(value) for name, value in uniform_weights(shapes).items()},
        folder / "vggish-10086976.pth",
    )
    weights = seeded_weights({name: value.shape for name, value in pips.state_dict().items()})
    torch.save({"model_state_dict": weights}, folder / "pips2_weights.pth")
    (folder / "sitecustomize.py").write_text(
        "from dataclasses import replace\n"
        "from metrics.weight_files import WEIGHT_FILES as listed\n"
        "listed['vggish'] = replace(listed['vggish'], sha256='')\n"
    )


def adopt_orphans() -> None:
    """Have processes whose parent has ended become this one's children, so that their time is told: Linux only."""
    PR_SET_CHILD_SUBREAPER = 36
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def of_children() -> float:
    """Processor seconds of all children, of theirs, and of the orphans among them, once all have ended."""
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def timed(command: list[str], environment: dict[str, str], seconds: Seconds) -> str:
    """What the command prints; its time on the wall and of the processors is added to the last of `seconds`."""
    start, used = time.perf_counter(), of_children()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    wall = time.perf_counter() - start
    seconds[-1] += np.array([wall, of_children() - used])
    return done.stdout


def report(seconds: dict[str, Seconds], ours: dict[str, float], theirs: dict[str, float]) -> None:
    """One row for each metric: values and the package's median seconds, wall and processor; then both sums."""
    medians = {name: np.median(taken, axis=0) for name, taken in seconds.items()}
    print(f"\nround {len(seconds['ours'])}")
    print("| metric | package | its value | ours | its seconds | its processor seconds |\n|---|---|---|---|---|---|")
    for name, value in theirs.items():
        wall, used = medians[name]
        print(f"| {OURS[name]} | {PACKAGES[name]} | {value:.7g} | {ours[name]:.7g} | {wall:.1f} | {used:.1f} |")
    own = medians.pop("ours")
    total = np.sum([*medians.values()], axis=0)
    for clock, theirs_sum, ours_sum in zip(("wall", "processor"), total, own, strict=True):
        print(f"{clock}: packages {theirs_sum:.1f} s, ours {ours_sum:.1f} s: {ours_sum / theirs_sum:.3f} of their time")
    sys.stdout.flush()


def main() -> None:
    """Print what each package and we compute and take, and the ratio of the sums of medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reference_python")
    parser.add_argument("source", type=Path)
    parser.add_argument("--clips", type=int, default=4)
    parser.add_argument("--frames", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--metrics", default=",".join(OURS))
    parser.add_argument("--generators", type=int, default=1)
    arguments = parser.parse_args()
    names = arguments.metrics.split(",")
    adopt_orphans()
    generated = [f"generated-{number}" for number in range(1, arguments.generators + 1)]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        make_clips(arguments.source, folder, arguments.clips, arguments.frames, arguments.seconds, arguments.generators)
        write_weights(folder)
        unpacked = {side: str(unpack(folder, side)) for side in ("reference", *generated)}
        path = os.pathsep.join([str(folder), str(TESTS.parent)])
        environment = os.environ | {"NARRATOR_BENCH_WEIGHTS": str(folder), "PYTHONPATH": path}
        ours = [sys.executable, "-m", "bench", "score", "--json", "--no-bounds", "--real", str(folder / "reference")]
        ours += ["--metrics", ",".join(OURS[name] for name in names), "--generated"]
        seconds: dict[str, Seconds] = {name: [] for name in ("ours", *names)}
        for number in range(arguments.rounds):
            for taken in seconds.values():
                taken.append(np.zeros(2))
            for side in generated:
                command = [*ours, str(folder / side), "--cache", str(folder / f"cache-{number}")]
                scores = json.loads(timed(command, environment, seconds["ours"]))
                our_values = {name: scores[OURS[name]]["value"] for name in names}
                their_values = {}
                for name in names:
                    python = sys.executable if name in IN_OUR_ENVIRONMENT else arguments.reference_python
                    command = [python, str(SCRIPT), name, unpacked["reference"], unpacked[side]]
                    their_values[name] = float(timed(command, dict(os.environ), seconds[name]).split()[-1])
            report(seconds, our_values, their_values)


if __name__ == "__main__":
    main()
