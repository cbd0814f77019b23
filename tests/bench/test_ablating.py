"""Ablations: plans as they are read, and claims on planted numbers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from bench.ablating.findings import Findings, Judged, found
from bench.ablating.page import markdown
from bench.ablating.plan import Trained, bundled_ablations, find_ablation
from bench.errors import UserMistake
from narrator.training.entangle import EntangleSettings
from reports.results import Cell, Metric, Results, Study

SEEDS, PROMPTS = (1, 2, 3), 20
VARIANTS = ("ETE", "STE", "no-video-in-prompt", "no-attention")
METRICS = {
    "stoi": Metric(title="STOI", direction="higher", aligned=True),
    "mcd": Metric(title="MCD", direction="lower", unit="dB"),
    "sync": Metric(title="mouth-sync", direction="higher"),
}
PLUGINS = {"stoi": "stoi", "mcd": "mcd", "sync": "mouth-sync"}
MEANS = {"stoi": 0.5, "mcd": 8.0, "sync": 0.4}
BOUNDS = {"stoi": (1.0, 0.1), "mcd": (0.0, 12.0), "sync": (0.8, 0.0)}
TRAININGS = [
    Trained(variant, seed, None)  # type: ignore[arg-type]
    for variant in VARIANTS
    for seed in ((None,) if variant == "no-attention" else SEEDS)
]


def findings(shifts: dict[tuple[str, str], float], spread: float = 0.01, by_seed: float = 0.0, **more: Any) -> Findings:
    """What is found where a variant's numbers by a metric are shifted; prompts are hard for everyone alike."""
    cells = []
    for metric, mean in MEANS.items():
        hard = np.random.default_rng(1).standard_normal(PROMPTS) * 0.2 * mean
        rows = [("ceiling", mean * 0 + BOUNDS[metric][0]), ("chance", mean * 0 + BOUNDS[metric][1])]
        rows += [(one.label, mean + shifts.get((one.variant, metric), 0.0)) for one in TRAININGS]
        for label, level in rows:
            rng = np.random.default_rng(sum(map(ord, label + metric)))
            values = (
                level + hard + spread * mean * rng.standard_normal(PROMPTS) + by_seed * mean * rng.standard_normal()
            )
            cells.append(cell(label, metric, values))
    study = Study(
        name="planted", seed=1, datasets=("d",), generators=("ceiling", "chance", *(one.label for one in TRAININGS)),
        metrics=METRICS,
    )  # fmt: skip
    kept = tuple(each for each in cells if each.place[1:] not in more.get("without", ()))
    results = Results(schema=3, study=study, protocol={}, cells=kept, notes=("A note.",))
    return found(results, TRAININGS, PLUGINS, SEEDS)


def cell(generator: str, metric: str, values: np.ndarray) -> Cell:
    by_clip = {f"clip{at:02}": float(value) for at, value in enumerate(values)}
    return Cell(
        dataset="d", generator=generator, metric=metric, value=float(values.mean()), missing=None, n=len(values),
        direction=METRICS[metric].direction, signature="s", by_clip=by_clip,
    )  # fmt: skip


def told(one: Findings, variant: str, metric: str) -> Judged:
    (judged,) = (each for each in one.claims if (each.variant, each.metric) == (variant, metric))
    return judged


@pytest.mark.parametrize(
    ("shift", "spread", "by_seed", "verdict"),
    [
        (-0.1, 0.02, 0.0, "holds"),
        (0.0, 0.01, 0.0, "does not hold here"),
        (0.1, 0.02, 0.0, "does not hold here"),
        (-0.05, 2.0, 0.0, "cannot be said"),  # 20 prompts do not show it
        (-0.02, 0.01, 0.3, "cannot be said"),  # trainings differ more than variants
    ],
)
def test_claims_are_what_was_planted(shift: float, spread: float, by_seed: float, verdict: str) -> None:
    one = findings({("no-attention", "sync"): shift}, spread, by_seed)
    assert told(one, "no-attention", "sync").verdict == verdict


def test_worse_is_higher_where_lower_is_better() -> None:
    one = findings({("STE", "mcd"): 1.0, ("STE", "stoi"): 0.1, ("no-video-in-prompt", "mcd"): -1.0})
    assert told(one, "STE", "mcd").verdict == "holds"
    assert told(one, "STE", "stoi").verdict == "does not hold here"
    better = told(one, "no-video-in-prompt", "mcd")
    assert better.verdict == "does not hold here"
    assert better.evidence.endswith("dB (20 prompts, 3 seeds): better")


def test_nothing_is_said_by_a_metric_by_which_ete_is_at_chance() -> None:
    one = findings({(variant, "stoi"): -0.45 for variant in VARIANTS})
    assert told(one, "STE", "stoi").verdict == "cannot be said"
    assert told(one, "STE", "stoi").evidence == "ETE-1 is not above chance, and stoi needs clips aligned in time"
    assert told(one, "STE", "mcd").verdict == "does not hold here"


def test_there_is_no_margin_where_chance_is_not_worse_than_the_ceiling(monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(findings({}), "STE", "mcd").verdict == "does not hold here"
    monkeypatch.setitem(BOUNDS, "mcd", (12.0, 0.0))
    assert told(findings({}), "STE", "mcd").verdict == "cannot be said"


def test_what_is_missing_is_said() -> None:
    one = findings({}, without={("STE-2", "mcd")})
    assert told(one, "STE", "mcd").verdict == "cannot be said"
    assert told(one, "STE", "mcd").evidence == "not measured"
    assert told(one, "STE", "fid").evidence == "the study does not measure it"


def test_means_and_differences_are_over_seeds_and_prompts_and_the_page_shows_them() -> None:
    one = findings({("STE", "mcd"): 1.0})
    means = {(each.variant, each.metric): each for each in one.means}
    assert (means["ETE", "mcd"].seeds, means["no-attention", "mcd"].seeds, means["chance", "mcd"].seeds) == (3, 1, 0)
    (apart,) = (each for each in one.differences if (each.variant, each.metric) == ("STE", "mcd"))
    assert apart.mean == pytest.approx((means["STE", "mcd"].mean or 0) - (means["ETE", "mcd"].mean or 0))
    # Prompts are hard for all alike, so differences are known better than means.
    wide, narrow = (each.high - each.low for each in (means["STE", "mcd"], apart) if each.high and each.low)
    assert narrow < 0.3 * wide
    page = markdown(one)
    assert "| variant | STOI ↑ | MCD (dB) ↓ | mouth-sync ↑ |" in page
    assert "| STE | " in page
    assert "| +1.0" in page or "| +0.9" in page
    assert "| holds |" in page
    assert page.endswith("* A note.\n")


def test_the_bundled_plan_trains_seven_variants_with_one_budget(tmp_path: Path) -> None:
    assert bundled_ablations() == ["small-ablation"]
    ablation = find_ablation("small-ablation", tmp_path)
    assert len(ablation.plan.variants) == 7
    assert len(ablation.trainings) == 6 * 3 + 1
    settings = [one.study.stages["entangle"] for one in ablation.trainings]
    assert all(isinstance(one, EntangleSettings) for one in settings)
    budgets = {(one.steps, one.batch, one.films) for one in settings if one.ablation != "no-attention"}
    assert len(budgets) == 1
    assert len({(one.sharing, one.ablation) for one in settings}) == 7
    first = [dict(one.study.stages) for one in ablation.trainings]
    assert all({**each, "entangle": 0} == {**first[0], "entangle": 0} for each in first)


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    def write(**changes: Any) -> Path:
        plan: dict[str, Any] = {
            "name": "mine", "training": "bundled", "seeds": [1], "entangle": {"steps": 3}, "variants": {"ETE": {}},
            "study": {"datasets": ["synthetic"], "metrics": ["mcd"]},
        }  # fmt: skip
        path = tmp_path / "plan.yaml"
        path.write_text(yaml.safe_dump(plan | changes))
        return path

    return write


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"seed": 1}, "unknown key 'seed'. Did you mean: seeds"),
        ({"variants": {"STE": {}}}, "needs the variant ETE"),
        ({"seeds": [1, 1]}, "names a seed twice"),
        ({"variants": {"ETE": {"sharing": "shard"}}}, "'variants.ETE.sharing'"),
        ({"entangle": {"steps": 3, "filmz": 1}}, "unknown key 'entangle.filmz'. Did you mean: films"),
        ({"training": "none.yaml"}, "Cannot read the training study none.yaml"),
        ({"study": {"datasets": ["synthetic"], "metrics": []}}, "the study of the ablation 'mine'"),
    ],
)
def test_a_wrong_plan_is_one_sentence(written: Callable[..., Path], changes: dict[str, Any], says: str) -> None:
    with pytest.raises(UserMistake) as mistake:
        find_ablation(str(written(**changes)), Path("training"))
    assert says in str(mistake.value)
    assert "\n" not in str(mistake.value)


def test_the_command_says_which_plans_and_trainings_there_are(
    written: Callable[..., Path], tmp_path: Path, cli: Callable[..., Any]
) -> None:
    missing = cli("ablate", "nothing", "--out", tmp_path / "out")
    assert missing.code == 2
    assert "Bundled ones: small-ablation." in missing.err
    other = cli("ablate", written(), "--out", tmp_path / "out", "--only", "ETF")
    assert other.code == 2
    assert "no training 'ETF'. Did you mean: ETE" in other.err
