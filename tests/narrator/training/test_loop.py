"""The loop: it learns, continues bit for bit, gives equal bytes, and stops with one sentence where it must."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import pytest
import torch
from torch import Generator, Tensor, nn

pytest.importorskip("lightning_fabric", reason="needs lightning-fabric: install narrator-bench[train]")

from narrator.checkpoints.reading import CheckpointError
from narrator.training.errors import TrainingError
from narrator.training.loop import derived_seed, fingerprint, learning_rate, train
from narrator.training.snapshots import read_tensors
from narrator.training.stage import Batch, Stage, StageSettings

SETTINGS = StageSettings(
    steps=40, batch=16, learning_rate=0.05, warmup=4, average=0.9, snapshot_every=8, log_every=4, weight_decay=0.0
)


class Line(Stage):
    """A line through points, with dropout and noise, so that every source of chance takes part."""

    name = "line"

    def __init__(self, dies_at: int = -1, broken_at: int = -1) -> None:
        torch.manual_seed(3)
        self.module = nn.Sequential(nn.Dropout(0.1), nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Linear(8, 1))
        self._dies_at, self._broken_at = dies_at, broken_at

    def batch(self, step: int) -> Batch:
        if step == self._dies_at:
            raise KeyboardInterrupt
        x = torch.randn(16, 4, generator=Generator().manual_seed(derived_seed(1, step)))
        return {"x": x, "y": (x.sum(1, keepdim=True) if step != self._broken_at else x[:, :1] * torch.nan)}

    def losses(self, batch: Batch, generator: Generator) -> dict[str, Tensor]:
        noise = 0.01 * torch.randn(16, 1, generator=generator)
        return {"fit": (self.module(batch["x"]) + noise - batch["y"]).square().mean()}


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "log.csv").open() as file:
        return list(csv.DictReader(file))


def test_it_learns_and_equal_seeds_give_equal_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        stage = Line()
        torch.manual_seed(99)
        before = torch.get_rng_state()
        train(stage, SETTINGS, tmp_path / name, seed=5)
        assert torch.equal(torch.get_rng_state(), before)  # as the caller left it
    log = rows(tmp_path / "one")
    assert [int(row["step"]) for row in log] == list(range(4, 41, 4))
    assert float(log[-1]["fit"]) < 0.5 * float(log[0]["fit"])
    one, two = ((tmp_path / name / "weights.safetensors").read_bytes() for name in ("one", "two"))
    assert one == two
    train(Line(), SETTINGS, tmp_path / "other", seed=6)
    assert (tmp_path / "other" / "weights.safetensors").read_bytes() != one
    assert (tmp_path / "one" / "loss.png").stat().st_size > 1000
    assert not (tmp_path / "one" / "snapshot.pt").exists()


@pytest.mark.parametrize("dies_at", [3, 8, 21, 39])
def test_a_broken_off_training_continues_to_the_same_bytes(tmp_path: Path, dies_at: int) -> None:
    train(Line(), SETTINGS, tmp_path / "whole", seed=5)
    with pytest.raises(KeyboardInterrupt):
        train(Line(dies_at=dies_at), SETTINGS, tmp_path / "cut", seed=5)
    with (tmp_path / "cut" / "log.csv").open("a") as file:
        file.write("37,0.0")  # what a kill leaves of a row
    train(Line(), SETTINGS, tmp_path / "cut", seed=5)
    whole, cut = ((tmp_path / name / "weights.safetensors").read_bytes() for name in ("whole", "cut"))
    assert whole == cut
    told = [[{**row, "seconds": ""} for row in rows(tmp_path / name)] for name in ("whole", "cut")]
    assert told[0] == told[1]


def test_a_continued_training_that_forgets_the_optimiser_would_be_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(Line(), SETTINGS, tmp_path / "whole", seed=5)
    with pytest.raises(KeyboardInterrupt):
        train(Line(dies_at=21), SETTINGS, tmp_path / "cut", seed=5)
    monkeypatch.setattr(torch.optim.AdamW, "load_state_dict", lambda self, state: None)
    train(Line(), SETTINGS, tmp_path / "cut", seed=5)
    whole, cut = (read_tensors(tmp_path / name / "weights.safetensors")[0] for name in ("whole", "cut"))
    assert any(not torch.equal(whole[key], cut[key]) for key in whole)


def test_the_average_is_handed_on_and_a_finished_stage_is_loaded(tmp_path: Path) -> None:
    stage = Line()
    train(stage, SETTINGS, tmp_path, seed=5)
    kept = read_tensors(tmp_path / "weights.safetensors")[0]
    again = Line(dies_at=0)
    train(again, SETTINGS, tmp_path, seed=5)
    for key, value in kept.items():
        assert torch.equal(stage.module.state_dict()[key], value)
        assert torch.equal(again.module.state_dict()[key], value)


def test_a_loss_that_is_no_number_ends_with_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"loss 'fit' of the stage 'line' is nan at step 11; lower its learning"):
        train(Line(broken_at=11), SETTINGS, tmp_path, seed=5)
    train(Line(), SETTINGS, tmp_path, seed=5)  # from the snapshot before


def test_what_lies_there_from_another_training_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(Line(dies_at=21), SETTINGS, tmp_path, seed=5)
    with pytest.raises(TrainingError, match="other settings"):
        train(Line(), SETTINGS, tmp_path, seed=6)
    (tmp_path / "snapshot.pt").write_bytes((tmp_path / "snapshot.pt").read_bytes()[:-200])
    with pytest.raises(TrainingError, match="damaged"):
        train(Line(), SETTINGS, tmp_path, seed=5)
    (tmp_path / "snapshot.pt").unlink()
    train(Line(), SETTINGS, tmp_path, seed=5)
    with pytest.raises(TrainingError, match="other settings"):
        train(Line(), SETTINGS, tmp_path, seed=5, inputs="other data")


def test_a_stage_starts_from_weights_of_another_training(tmp_path: Path) -> None:
    train(Line(), SETTINGS, tmp_path / "first", seed=5)
    start = SETTINGS.model_copy(update={"steps": 0, "init": tmp_path / "first" / "weights.safetensors"})
    train(Line(), start, tmp_path / "taken", seed=9)
    first, taken = (read_tensors(tmp_path / name / "weights.safetensors")[0] for name in ("first", "taken"))
    assert all(torch.equal(first[key], taken[key]) for key in first)
    other = Line()
    other.module = nn.Linear(4, 2)
    with pytest.raises(CheckpointError, match="does not match"):
        train(other, start, tmp_path / "other", seed=9)
    with pytest.raises(TrainingError, match="cannot be read"):
        train(Line(), start.model_copy(update={"init": tmp_path / "none"}), tmp_path / "none-run", seed=9)


def test_losses_of_unseen_clips_are_logged_and_change_no_weight(tmp_path: Path) -> None:
    train(Line(), SETTINGS, tmp_path / "without", seed=5)
    train(Line(), SETTINGS, tmp_path / "with", seed=5, held_out=Line())
    one, two = ((tmp_path / name / "weights.safetensors").read_bytes() for name in ("without", "with"))
    assert one == two
    unseen = {int(row["step"]): float(row["held-out fit"]) for row in rows(tmp_path / "with") if row["held-out fit"]}
    assert list(unseen) == [8, 16, 24, 32, 40]
    assert unseen[40] < 0.8 * unseen[8]
    with pytest.raises(KeyboardInterrupt):
        train(Line(dies_at=27), SETTINGS, tmp_path / "cut", seed=5, held_out=Line())
    train(Line(), SETTINGS, tmp_path / "cut", seed=5, held_out=Line())
    told = [[{**row, "seconds": ""} for row in rows(tmp_path / name)] for name in ("with", "cut")]
    assert told[0] == told[1]


def test_an_unknown_device_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="device 'abacus' cannot be used"):
        train(Line(), SETTINGS, tmp_path, seed=5, device="abacus")


def test_rates_rise_and_fall() -> None:
    rates = [learning_rate(SETTINGS, step) for step in range(40)]
    assert max(rates) == rates[4] == SETTINGS.learning_rate
    assert rates[0] == SETTINGS.learning_rate / 4
    assert all(a > b for a, b in itertools.pairwise(rates[4:]))
    level = SETTINGS.model_copy(update={"schedule": "constant"})
    assert learning_rate(level, 39) == SETTINGS.learning_rate


def test_more_steps_may_follow_where_the_rate_is_level(tmp_path: Path) -> None:
    level = SETTINGS.model_copy(update={"schedule": "constant"})
    for steps in (12, 30, 40, 40):  # 30 is between two snapshots
        train(Line(), level.model_copy(update={"steps": steps}), tmp_path / "longer", seed=5)
    train(Line(), level, tmp_path / "at-once", seed=5)
    longer, at_once = ((tmp_path / name / "weights.safetensors").read_bytes() for name in ("longer", "at-once"))
    assert longer == at_once
    assert [int(row["step"]) for row in rows(tmp_path / "longer")][-1] == 40
    with pytest.raises(TrainingError, match="other settings"):  # weights of more steps are not those of fewer
        train(Line(), level.model_copy(update={"steps": 20}), tmp_path / "longer", seed=5)
    train(Line(), SETTINGS, tmp_path / "falls", seed=5)
    with pytest.raises(TrainingError, match="other settings"):
        train(Line(), SETTINGS.model_copy(update={"steps": 80}), tmp_path / "falls", seed=5)


def test_a_broken_off_extension_continues_to_the_same_bytes(tmp_path: Path) -> None:
    level = SETTINGS.model_copy(update={"schedule": "constant"})
    train(Line(), level, tmp_path / "at-once", seed=5)
    train(Line(), level.model_copy(update={"steps": 10}), tmp_path / "cut", seed=5)
    with pytest.raises(KeyboardInterrupt):
        train(Line(dies_at=21), level, tmp_path / "cut", seed=5)
    train(Line(), level, tmp_path / "cut", seed=5)
    cut, at_once = ((tmp_path / name / "weights.safetensors").read_bytes() for name in ("cut", "at-once"))
    assert cut == at_once


def test_only_what_changes_weights_is_in_the_fingerprint() -> None:
    told = fingerprint("line", SETTINGS, 1, "")
    assert fingerprint("line", SETTINGS.model_copy(update={"log_every": 1, "snapshot_every": 3}), 1, "") == told
    assert fingerprint("line", SETTINGS.model_copy(update={"clip": 2.0}), 1, "") != told
    assert fingerprint("line", SETTINGS.model_copy(update={"steps": 80}), 1, "") != told
