"""Which damages the metrics notice: `python tests/benchmarks/bench_sensitivity.py` measures it and writes
`docs/sensitivity.md` and its plot, in about twenty minutes of one core.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import matplotlib
import torch
from matplotlib import pyplot
from numpy.typing import NDArray

from bench import plugins
from bench.plugins import lacking_weights
from metrics.audio.cepstral_features import WorldMelCepstrum
from metrics.audio.mcd import MelCepstralDistortion, MelCepstralDistortionConfig
from metrics.base.metric import ClipMetric

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.damage_curves import EXISTS_FOR, ROUNDING, Curve, Panel, real_frames, real_speech, talking_clips
from support.damages import AUDIO, NOISE, VIDEO, Damage

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("NARRATOR_BENCH_SHARED", ROOT.parent / "shared"))
PAGE, PLOT = ROOT / "docs" / "sensitivity.md", ROOT / "docs" / "images" / "sensitivity.svg"

CLIPS, FRAMES, SECONDS = 8, 32, 4
PICTURE_METRICS = ("fid", "fvd", "fvmd-lk", "fvmd")
SOUND_METRICS = ("mcd", "stoi", "stoi-dtw", "estoi", "fad-ge2e", "fad-speech", "fad-mn04")
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")  # Okabe and Ito's

INTRODUCTION = f"""# Which damages the metrics notice

A metric is of use if it grows worse when clips grow worse. Here real clips are damaged in five strengths and compared
with themselves undamaged: {CLIPS} clips of VoxCeleb2, of each the first {FRAMES} frames at 256 x 256 and the first
{SECONDS} seconds of sound. *Monotone* is computed: "yes" if each of the five steps, the first one from the clean clips
included, made the score worse by more than rounding does; "blind" if nothing moved it; else "no". A verdict in bold is
a damage that the metric exists for: `tests/metrics/sensitivity` holds it to a "yes".

`python tests/benchmarks/bench_sensitivity.py` measures everything again and writes this page.

![How much worse than clean each metric finds each damage, relative to its own worst](images/{PLOT.name})
"""

CLEAN_SPEECH = ("LJ001-0001.wav", "LJ001-0004.wav", "LJ002-0020.wav", "arctic_a0009.wav", "libri_2412-153948-0000.flac")
UNHEARD = (60, 50, 40, 30)
"""dB of speech over noise."""

FLOORS = f"""## What `mcd` does not count

Noise 40 dB below clean speech is hardly heard, yet it fills the pauses and the quiet parts of every spectrum, which
logarithms count like the loud ones. These are {len(CLEAN_SPEECH)} readings of LJ Speech, CMU ARCTIC and LibriSpeech
({SECONDS} seconds each; VoxCeleb2 has no silence to speak of), with such noise and with the middle strength of each
damage above. A good floor makes noise cheap and leaves damage dear.

Practice differs. Of eleven papers that the package mel-cepstral-distance lists, it marks two as leaving pauses out, and
it offers thresholds to choose for each data set. pystoi leaves out frames 40 dB below the loudest, librosa's `trim`
takes 60 dB. pymcd has no threshold, but squares the power and adds 1e-8, which for speech at a usual level lies some
20 dB below its mean power. The distance over all frames and the whole range of a spectrum is `mcd-no-floor`.
"""

DEFAULT_FLOORS = """`mcd` takes -40 dB and 1e-3. Leaving out frames alone takes away an eighth of what noise at 40 dB
costs, since most of it lies under the speech, where the voice masks it. With both, that noise costs a tenth of the
mildest damage here. A floor of 1e-2 goes further, but hides what is heard: noise at 20 dB would cost less than half.

All frames are aligned, those that are silent in the reference too, so that the path does not depend on the floor of
frames; they are then left out of the mean. What a generator says in a pause of the reference is therefore not counted
by `mcd`: STOI and FAD hear it.
"""

READING = """## What to know

* **FID** looks at single pictures. The same pictures in another order are the same set to it, and frozen frames only
  count some pictures more often; both need FVD or FVMD.
* **FVMD** follows points. Blur and noise mislead the tracker, so that it answers to them too, though nothing moves.
* **STOI and ESTOI** compare the same instants of both sounds. Faster speech is lost with the first few percent, after
  which all strengths look alike; `stoi-dtw` aligns first.
* **FAD** counts how windows of sound are distributed, whatever their order and whatever is said. Speech reversed in
  long stretches has fewer seams than in short ones, and may sound the more natural to it. Whether words survive is a
  question for STOI.
* Strengths span what a generator may plausibly do. Past them a metric can saturate: to `fad-ge2e` 12 semitones (0.805)
  are no worse than 9 (0.814).
* The sets are small, so the sizes of the Frechet distances compare with nothing outside this page; their course does.
"""


@dataclass(frozen=True)
class Section:
    """The metrics of one modality, those whose weights cannot be had apart, and their answers to each damage."""

    title: str
    metrics: Sequence[ClipMetric]
    left_out: Sequence[ClipMetric]
    answers: Mapping[Damage, Mapping[str, Curve]]


def measured(title: str, names: Sequence[str], damages: Sequence[Damage], clips: Sequence[NDArray[Any]]) -> Section:
    made = [plugins.make("metric", name, {}) for name in names]
    metrics = [metric for metric in made if lacking_weights(metric) is None]
    left_out = [metric for metric in made if lacking_weights(metric) is not None]
    panel = Panel(metrics, clips)
    answers = {}
    for damage in damages:
        print(f"{title}: {damage.name}", file=sys.stderr, flush=True)
        answers[damage] = panel.under(damage)
    return Section(title, metrics, left_out, answers)


def table(rows: Sequence[Sequence[str]]) -> str:
    """Markdown; the first row is the heading."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|---" * len(rows[0]) + "|", *lines[1:]]) + "\n"


def verdict(name: str, damage: Damage, curve: Curve) -> str:
    return f"**{curve.monotone}**" if damage in EXISTS_FOR.get(name, ()) else curve.monotone


def number(value: float) -> str:
    if abs(value) < ROUNDING:
        return "0"
    return f"{value:.4g}" if abs(value) < 1e4 else f"{value:.0f}"


def written(section: Section) -> Iterator[str]:
    """The section's Markdown: verdicts at a glance, then the scores."""
    yield f"## {section.title}\n"
    names = [metric.name for metric in section.metrics]
    yield table(
        [
            ["monotone", *names],
            *([d.name, *(verdict(name, d, curves[name]) for name in names)] for d, curves in section.answers.items()),
        ]
    )
    for metric in section.left_out:
        files = ", ".join(metric.weights)
        yield f"`{metric.name}` is left out, its weights ({files}) not being here: see `narrator-bench weights list`.\n"
    for damage, curves in section.answers.items():
        yield f"### {damage.name.capitalize()}: {damage.scale}\n"
        rows = [[name, *map(number, curve.values), verdict(name, damage, curve)] for name, curve in curves.items()]
        yield table([["", "clean", *map(str, damage.strengths), "monotone"], *rows])


def floors(clips: Sequence[NDArray[Any]]) -> Iterator[str]:
    """Two tables of MCD's answers, by floors of frames and by floors of spectra."""
    rows = [(f"noise {decibels} dB below", NOISE, decibels) for decibels in UNHEARD]
    rows += [(f"{damage.name}, {damage.strengths[2]}", damage, damage.strengths[2]) for damage in AUDIO]
    spectra = {f"{floor:g}": WorldMelCepstrum(floor=floor) for floor in (1e-8, 1e-5, 1e-4, 1e-3, 1e-2)}
    none, default = MelCepstralDistortionConfig(spectra["1e-08"], floor_db=None), MelCepstralDistortionConfig()
    frames = {"none": none} | {f"{db} dB": replace(none, floor_db=db) for db in (-60, -50, -40, -30)}
    whole = {name: replace(default, features=features) for name, features in spectra.items()}
    for title, configs in (("frames, spectra whole", frames), ("spectra, frames at -40 dB", whole)):
        print(f"Floors of {title}", file=sys.stderr, flush=True)
        panel = Panel([MelCepstralDistortion(name, config) for name, config in configs.items()], clips)
        answers = [panel.under(replace(damage, strengths=(strength,))) for _, damage, strength in rows]
        yield table(
            [
                [f"floor of {title}", *configs],
                *(
                    [name, *(number(answer[column].values[1]) for column in configs)]
                    for (name, *_), answer in zip(rows, answers, strict=True)
                ),
            ]
        )


def plot(sections: Sequence[Section]) -> None:
    """Small multiples, a row for each section: how much worse than clean, relative to the worst of each metric."""
    matplotlib.rcParams.update({"svg.hashsalt": PLOT.name, "svg.fonttype": "none", "font.size": 9})
    figure, grid = pyplot.subplots(len(sections), len(VIDEO), figsize=(13, 5.6), sharey=True, layout="constrained")
    for section, row in zip(sections, grid, strict=True):
        for axes, (damage, curves) in zip(row, section.answers.items(), strict=True):
            for (name, curve), colour, marker in zip(curves.items(), COLOURS, "osD^vPX", strict=False):
                worst = curve.losses.max()
                relative = curve.losses / worst if worst > ROUNDING else curve.losses
                axes.plot(relative, label=name, color=colour, marker=marker, markersize=4, linewidth=1.2)
            axes.set_title(damage.name, fontweight="bold")
            axes.set_xlabel(damage.scale, fontsize=8)
            axes.set_xticks(range(6), ["clean", *map(str, damage.strengths)])
            axes.spines[["top", "right"]].set_visible(False)
            axes.grid(axis="y", alpha=0.3)
        row[0].set_ylabel("loss, relative to the worst")
        row[-1].legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    PLOT.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(PLOT, metadata={"Date": None})


def main() -> None:
    torch.set_num_threads(1)
    os.environ.setdefault("NARRATOR_BENCH_WEIGHTS", str(SHARED / "weights"))
    files = talking_clips(SHARED)[:CLIPS]
    if not files:
        sys.exit(
            f"There are no clips in {SHARED}: put the folder of real clips there or name it in NARRATOR_BENCH_SHARED."
        )
    sections = [
        measured("Pictures", PICTURE_METRICS, VIDEO, [real_frames(file, FRAMES) for file in files]),
        measured("Sound", SOUND_METRICS, AUDIO, [real_speech(file, SECONDS) for file in files]),
    ]
    plot(sections)
    signatures = [metric.signature for section in sections for metric in section.metrics]
    speech = [real_speech(SHARED / "media" / "speech" / file, SECONDS) for file in CLEAN_SPEECH]
    parts = [INTRODUCTION, *(part for section in sections for part in written(section))]
    parts += [FLOORS, *floors(speech), DEFAULT_FLOORS, READING]
    parts.append("## Signatures\n\n```\n" + "\n".join(signatures) + "\n```\n")
    PAGE.write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
