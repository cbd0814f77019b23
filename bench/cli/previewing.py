"""`run --dry-run`: what a run would do, as tables or JSON."""

from __future__ import annotations

import datetime
import json
from typing import TYPE_CHECKING

from bench.cli.printing import print_line, print_rows
from bench.run.folder import RunFolder
from bench.study import Study
from bench.workers.device import metrics_device
from bench.workers.progress import Progress
from bench.workers.shard import Shard

if TYPE_CHECKING:
    from bench.run.preview import Step


def preview(study: Study, run: RunFolder, shard: Shard, device: str, as_json: bool, progress: Progress) -> None:
    """Print what the run would do; JSON holds every stage, tables those where something is left."""
    from bench.run.preview import preview_of, summed

    steps = preview_of(study, run, shard, metrics_device(device), progress)
    if as_json:
        rows = [vars(step) | {"why": dict(step.why), "seconds": _on_workers(step, shard)} for step in steps]
        print(json.dumps({"workers": shard.workers, "stages": rows}, indent=1, ensure_ascii=False))
        return
    left = [step for step in steps if step.to_do]
    if left:
        print_rows([_row(step, shard) for step in left], False, f"{study.name}: what is left to do")
    for stage in ("generate", "measure", "compare"):
        of_stage = [step for step in steps if step.stage == stage]
        if of_stage:
            whole = summed(of_stage)
            about = f", about {_about(whole, shard)}" if whole.to_do else ""
            print_line(f"{stage}: {whole.to_do} to do, {whole.done} done{about}")
    print_line("Selecting, scoring and reporting are always done again. Nothing was written.")


def _row(step: Step, shard: Shard) -> dict[str, object]:
    why = ", ".join(f"{reason} ({count})" if len(step.why) > 1 else reason for reason, count in step.why.most_common())
    return {
        "stage": step.stage, "dataset": step.dataset, "generator": step.generator, "metric": step.metric,
        "to_do": step.to_do, "done": step.done, "why": why, "about": _about(step, shard),
    }  # fmt: skip


def _about(step: Step, shard: Shard) -> str:
    seconds = _on_workers(step, shard)
    if seconds is None:
        return "unknown"
    return f"{seconds:.1f} s" if seconds < 60 else str(datetime.timedelta(seconds=round(seconds)))


def _on_workers(step: Step, shard: Shard) -> float | None:
    """Seconds by the clock: the work divided among this shard's workers."""
    return None if step.seconds is None else step.seconds / max(1, min(shard.workers, step.to_do))
