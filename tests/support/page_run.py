"""A large run with clips that play: what the page looks like when a paper's study is over."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np

from bench.media.writing import write_clip
from bench.run.traces import picture
from bench.scoring.trace import Trace
from reports.results import Clip, Results
from support.large_run import large_run

HOSTILE = "<script>window.broken = 1</script> {{ 7 * 7 }} & \u202eevil 👩\u200d🎤 'quoted' \"twice\""
SECONDS, FPS, RATE, SIDE = 6.0, 25, 16000, 96
TONES = (220.0, 330.0, 440.0)


def page_run(run: Path, clips: int = 50) -> Results:
    """Write a run of four datasets, six generators and both bounds, whose clips are links to a few small files.

    The first prompt's text is hostile; one generator failed on it.
    """
    files = [_clip(run, f"tone{number}", tone) for number, tone in enumerate(TONES)]
    results = large_run(clips=clips)
    made, traces = [], {}
    for dataset in results.study.datasets:
        for number in range(clips):
            key = f"clip{number:03}"
            reference = f"reference/{dataset}/{key}.mp4"
            _link(files[0], run / reference)
            for place, generator in enumerate(results.study.generators):
                file = f"generated/{generator}/{dataset}/{key}.mp4"
                broken = generator == "hallo" and number == 0
                if not broken:
                    source = files[place % len(files)]
                    _link(source, run / file)
                    traces[file] = f"traces/{source.stem}.svg"
                made.append(
                    Clip(
                        dataset=dataset, generator=generator, key=key, file=None if broken else file,
                        reference=reference, text=HOSTILE if number == 0 else f"Sentence number {number}.",
                        text_source="transcript", voice_source="own", error="no face was found" if broken else None,
                    )
                )  # fmt: skip
            traces[reference] = f"traces/{files[0].stem}.svg"
    (run / "traces.json").write_text(json.dumps(traces))
    results = results.model_copy(update={"clips": tuple(made), "notes": (*results.notes, HOSTILE)})
    results.write(run / "results.json")
    return results


def _clip(run: Path, name: str, tone: float) -> Path:
    """A clip whose brightness steps with every frame, with a tone that comes and goes, and its trace."""
    frames = round(SECONDS * FPS)
    levels = (60 + 120 * np.abs(np.sin(np.arange(frames) / 5 + tone))).astype(np.uint8)
    pictures = np.broadcast_to(levels[:, None, None, None], (frames, SIDE, SIDE, 3)).copy()
    pictures[:, :, : SIDE // 4, 1] = np.linspace(0, 255, frames).astype(np.uint8)[:, None, None]
    time = np.arange(round(SECONDS * RATE)) / RATE
    sound = (0.2 * np.sin(2 * np.pi * tone * time) * np.square(np.sin(np.pi * time))).astype(np.float32)
    file = run / "media" / f"{name}.mp4"
    file.parent.mkdir(parents=True, exist_ok=True)
    write_clip(file, [pictures], FPS, sound, RATE)
    heard, watched = Trace("audio").observe(), Trace("video").observe()
    heard.waveform(sound, RATE)
    watched.frames(pictures)
    drawn = {**heard.finish()(), **watched.finish()()}
    (run / "traces").mkdir(exist_ok=True)
    (run / "traces" / f"{name}.svg").write_text(picture(drawn))
    return file


def _link(source: Path, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    os.link(source, file)
