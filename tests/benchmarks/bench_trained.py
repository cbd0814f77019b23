"""Whether the trained generator narrates: its goals on held-out people and sentences, and what exchanging a voice or a
picture does.

    python tests/benchmarks/bench_trained.py OUT                                    # the weights that ship
    python tests/benchmarks/bench_trained.py OUT --checkpoint training/checkpoint.safetensors --prompts 40

renders people whom no training has seen (the studio's part `held-out`), runs two studies over them and writes
OUT/evaluation.json, OUT/evaluation.md and both runs with their reports. Killed, it continues. Each prompt is another
person: the words and the first frame of one clip, the voice of another. `chance` draws from people whom no prompt
shows. Needs the networks that `narrator-bench weights fetch` brings, and Whisper base for the words.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image
from trained_goals import Measured, goals, mean, share, table

from bench.files import read_json
from bench.media.clip import frames
from bench.run.folder import RunFolder
from bench.run.plan import record_of
from bench.run.prompts import StoredPrompt
from bench.run.selection import SPARE_CLIPS, decoding_of, read_selection
from bench.scoring.store import StatisticsStore, load
from bench.study import Protocol
from bench.synthetic.studio import make_studio
from bench.workers.pool import default_workers
from metrics.base.metric import PairedMetric, Statistics, Unmeasurable
from metrics.builtin import make
from narrator.files import sha256
from narrator.shipped import find_weights
from reports.results import Results

CLIPS_OF_A_PERSON = 4
"""The studio's; the first is asked for, the second lends its voice."""
PROTOCOL = {"fps": 25, "sample_rate": 16000, "max_seconds": 10}
METRICS = (
    "wer", "cer", "mcd", "fid", "fvd", "identity", "voice-similarity", "pitch", "mouth-sync", "mouth-sync-lag",
    "mouth-sync-r", "dnsmos", "stoi-dtw",
)  # fmt: skip
_REACH = {"reach": 12}
"""Lags of up to 12 frames need clips of 37; the shortest of 40 generated ones had 39, and for 20 it takes 53."""
OPTIONS = {"fid": {"stride": 4}, "mouth-sync": _REACH, "mouth-sync-lag": _REACH, "mouth-sync-r": _REACH}
Score = Callable[[str, str], float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--checkpoint", type=Path, help="another than what ships")
    parser.add_argument("--prompts", type=int, default=40, help="people who are asked for")
    parser.add_argument("--exchanges", type=int, default=16, help="of whom so many also with another's voice and face")
    parser.add_argument("--seed", type=int, default=1001, help="of people, sentences and narrations")
    parser.add_argument("--workers", type=int, default=0, help="processes; 0: one a core")
    parser.add_argument("--device", default="cpu", help="of the generator")
    given = parser.parse_args()
    checkpoint = (given.checkpoint or find_weights("bundled")).resolve()
    options = {"preset": "bundled"} if given.checkpoint is None else {"checkpoint": str(checkpoint)}
    if given.device != "cpu":
        options |= {"device": given.device}
    studies = Studies(given.out.resolve(), options, given.workers, given.seed)
    people = given.prompts + SPARE_CLIPS
    workers = given.workers or default_workers()
    make_studio(studies.out / "clips", "held-out", people * CLIPS_OF_A_PERSON, given.seed, workers)
    rows = prompts(studies.out, people)
    run = studies.run("held-out", {"held-out": rows}, given.prompts, METRICS)
    exchanged = run_exchanges(studies, rows, given.exchanges)
    results = Results.read(run.results)
    found = goals(results, "held-out", nearest_own(run, "held-out"))
    parts, narrating = untrained(run, "held-out"), speed(run, "held-out")
    told = {
        "checkpoint": {"file": checkpoint.name, "sha256": sha256(checkpoint), "untrained": parts},
        "prompts": given.prompts,
        "seed": given.seed,
        "goals": [goal.to_json() for goal in found],
        "exchanges": {name: asdict(measured) for name, measured in exchanged.items()},
        "cells": [
            cell.model_dump(include={"generator", "metric", "value", "low", "high", "n", "missing", "signature"})
            | {name: cell.details[name] for name in ("over_all_texts",) if name in cell.details}
            for cell in results.cells
        ],
        "narrating": narrating,
    }
    (studies.out / "evaluation.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    lacking = f"; untrained: {', '.join(parts)}" if parts else ""
    page = "\n\n".join(
        [
            f"{checkpoint.name}, {given.prompts} prompts of seed {given.seed}{lacking}",
            table(found),
            exchange_table(exchanged),
            f"A clip took {narrating['seconds']:.1f} s by the clock, {narrating['factor']:.2f} times its length.",
        ]
    )
    (studies.out / "evaluation.md").write_text(page + "\n", encoding="utf-8")
    print(page)


def prompts(out: Path, people: int) -> list[dict[str, str]]:
    """A row of a table of prompts for each person; driving images are written."""
    clips = {clip["key"]: clip for clip in read_json(out / "clips/manifest.json")["clips"]}
    (out / "images").mkdir(exist_ok=True)
    rows = []
    for person in range(people):
        first, second = (f"held-out-{person:05d}-{take}" for take in (0, 1))
        image = out / "images" / f"{first}.png"
        if not image.exists():
            picture = next(iter(frames(out / "clips" / f"{first}.mp4", decoding_of(Protocol(**PROTOCOL)))))[0]
            Image.fromarray(picture).save(image)
        rows.append(
            {
                "text": clips[first]["transcript"],
                "image": f"images/{first}.png",
                "voice": f"clips/{second}.wav",
                "reference": f"clips/{first}.mp4",
                "key": first,
                "speaker": clips[first]["speaker"],
                "seed": str(person + 1),
            }
        )
    return rows


@dataclass(frozen=True)
class Studies:
    """Runs studies of one generator by the command line.

    Attributes:
        out: folder of tables, studies and runs.
        options: of `narrator`.
        workers: processes; 0: one a core.
        seed: of the studies.
    """

    out: Path
    options: Mapping[str, Any]
    workers: int
    seed: int

    def run(
        self,
        name: str,
        tables: Mapping[str, Sequence[Mapping[str, str]]],
        clips: int,
        metrics: Sequence[str],
        bounds: bool = True,
    ) -> RunFolder:
        """Run a study over tables of prompts, of each of which `clips` take part."""
        datasets = []
        for dataset, rows in tables.items():
            path = self.out / f"{dataset}.csv"
            with path.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
            datasets.append({"name": dataset, "plugin": "prompts", "root": path.name, "clips": clips})
        study = {
            "name": name,
            "seed": self.seed,
            "protocol": PROTOCOL,
            "datasets": datasets,
            "generators": [{"name": "narrator", "options": dict(self.options)}],
            "metrics": [{"name": metric, "options": OPTIONS.get(metric, {})} for metric in metrics],
            "bounds": bounds,
            "max_failed": 1.0,  # failures are counted beside each number
        }
        path, run = self.out / f"{name}.yaml", self.out / f"{name}-run"
        path.write_text(yaml.safe_dump(study, sort_keys=False), encoding="utf-8")
        command = [sys.executable, "-m", "bench", "run", str(path), "--out", str(run), "--device", "cpu"]
        done = subprocess.run([*command, "--workers", str(self.workers)], check=False).returncode
        if done not in (0, 1):  # 1: done, and something is missing
            raise SystemExit(done)
        return RunFolder(run)


def run_exchanges(studies: Studies, rows: list[dict[str, str]], wanted: int) -> dict[str, Measured]:
    """The first prompts as they are, with the next person's voice, and with the next person's face; the rest equal."""
    asked = rows[:wanted]
    partner = {row["key"]: rows[(place + 1) % len(rows)] for place, row in enumerate(asked)}
    tables = {
        "own": asked,
        "other-voice": [row | {"voice": partner[row["key"]]["voice"]} for row in asked],
        "other-image": [row | {"image": partner[row["key"]]["image"]} for row in asked],
    }
    run = studies.run("exchanges", tables, wanted, ("voice-similarity", "pitch", "identity"), bounds=False)
    keys = [clip.key for clip in read_selection(run, "own").clips]
    voice, pitch, face = (scores(run, name) for name in ("voice-similarity", "pitch", "identity"))

    def change(score: Score, of: str, against: str) -> Measured:
        """How a score against the prompt of one table changes when the clip is made by `of` instead of `own`."""
        return mean(
            [score(f"{of}/{key}", f"{against}/{key}") - score(f"own/{key}", f"{against}/{key}") for key in keys]
        )

    def follows(score: Score, of: str) -> Measured:
        """How often a clip is nearer to what it was given than to what `own` was given."""
        pairs = [(score(f"{of}/{key}", f"{of}/{key}"), score(f"{of}/{key}", f"own/{key}")) for key in keys]
        return share([new > former for new, former in pairs if np.isfinite(new + former)])

    return {
        "another voice: similarity to it, change": change(voice, "other-voice", "other-voice"),
        "another voice: similarity to the former, change": change(voice, "other-voice", "own"),
        "another voice: share nearer to it than to the former": follows(voice, "other-voice"),
        "another voice: distance from its pitch, change in semitones": change(pitch, "other-voice", "other-voice"),
        "another voice: identity to the driving image, change": change(face, "other-voice", "own"),
        "another image: identity to it, change": change(face, "other-image", "other-image"),
        "another image: identity to the former, change": change(face, "other-image", "own"),
        "another image: share nearer to it than to the former": follows(face, "other-image"),
        "another image: similarity to the voice, change": change(voice, "other-image", "own"),
        "another image: distance from the voice's pitch, change in semitones": change(pitch, "other-image", "own"),
        "another image: share whose sound is another": share(
            [sound(run, "other-image", key) != sound(run, "own", key) for key in keys]
        ),
    }


def scores(run: RunFolder, name: str) -> Score:
    """A metric's score of a generated clip, by DATASET/KEY, against the prompt of another; no number where it has none.

    The clips' statistics are those that the run has kept.
    """
    metric = make(name)
    assert isinstance(metric, PairedMetric)
    metric.prepare()
    wanted: dict[str, Statistics | None] = {}

    def score(clip: str, prompt: str) -> float:
        if prompt not in wanted:
            dataset, _, key = prompt.partition("/")
            try:
                wanted[prompt] = metric.asked(StoredPrompt(run.prompt(dataset, key)).asked())
            except Unmeasurable:
                wanted[prompt] = None
        asked = wanted[prompt]
        try:
            return np.nan if asked is None else float(metric.compare(asked, statistics(run, metric, clip))["value"])
        except (Unmeasurable, FileNotFoundError):
            return np.nan

    return score


def statistics(run: RunFolder, metric: PairedMetric, clip: str, generator: str = "narrator") -> Statistics:
    """What the run has measured of a generated clip.

    Raises:
        Unmeasurable, FileNotFoundError: nothing.
    """
    dataset, _, key = clip.partition("/")
    file = record_of(run, generator, dataset, key).clip(run.generated(generator, dataset, key).parent)
    if file is None:
        raise Unmeasurable("not generated")
    identity = file.identity(decoding_of(Protocol(**PROTOCOL)))
    return load(StatisticsStore(run.measured("cpu"), metric).clip(identity))


def nearest_own(run: RunFolder, dataset: str) -> dict[str, Measured]:
    """By generator, how often the faces of a clip are nearer to the own driving image than to any other prompt's.

    A clip that was not made, or shows no face, is none.
    """
    metric = make("identity")
    assert isinstance(metric, PairedMetric)
    metric.prepare()
    keys = [clip.key for clip in read_selection(run, dataset).clips]
    wanted = {}
    for key in keys:
        try:
            wanted[key] = metric.asked(StoredPrompt(run.prompt(dataset, key)).asked())
        except Unmeasurable as reason:
            print(f"{key}: {reason}")

    def is_nearest(generator: str, key: str) -> bool:
        try:
            faces = statistics(run, metric, f"{dataset}/{key}", generator)
        except (Unmeasurable, FileNotFoundError):
            return False
        found = {other: float(metric.compare(asked, faces)["value"]) for other, asked in wanted.items()}
        return max(found, key=lambda other: found[other]) == key

    return {
        generator: share([is_nearest(generator, key) for key in keys])
        for generator in ("narrator", "ceiling", "chance")
    }


def sound(run: RunFolder, dataset: str, key: str) -> str:
    """Hash of the sound of a generated clip."""
    record, folder = record_of(run, "narrator", dataset, key), run.generated("narrator", dataset, key).parent
    return hashlib.sha256((folder / (record.audio or record.video)).read_bytes()).hexdigest()


def untrained(run: RunFolder, dataset: str) -> list[str]:
    """Parts of the generator that were not trained, as it says itself."""
    descriptions = [
        record_of(run, "narrator", dataset, clip.key).description for clip in read_selection(run, dataset).clips
    ]
    return sorted({part for description in descriptions for part in description.get("untrained", ())})


def speed(run: RunFolder, dataset: str) -> dict[str, float]:
    """Seconds that a clip took by the clock, of one process, and how many times its length that is."""
    costs = [read_json(run.cost("narrator", dataset, clip.key)) for clip in read_selection(run, dataset).clips]
    profile = next(
        profile
        for profile in read_json(run.root / "costs.json")
        if (profile["dataset"], profile["generator"]) == (dataset, "narrator")
    )
    return {
        "seconds": float(np.mean([cost["seconds"] for cost in costs if cost])),
        "factor": float(profile["real_time_factor"]),
    }


def exchange_table(found: Mapping[str, Measured]) -> str:
    """The effects of exchanges as a Markdown table."""
    rows = [f"| {name} | {measured} | {measured.n} |" for name, measured in found.items()]
    return "\n".join(["| what was exchanged, and what changed | found, 95 % interval | n |", "|---|---|---|", *rows])


if __name__ == "__main__":
    main()
