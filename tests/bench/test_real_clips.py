"""The harness on real people's clips and real generators' outputs: every cell a number with its n, or a reason."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = [pytest.mark.shared, pytest.mark.weights, pytest.mark.slow]

USABLE = {"voxceleb": 10, "fakeavceleb": 4, "celebvhq": 5, "hdtf": 3}
ROOTS = {"voxceleb": "voxceleb2", "fakeavceleb": "FakeAVCeleb_v1.2", "celebvhq": "CelebV-HQ", "hdtf": "HDTF"}
METRICS = [
    "fad-ge2e",
    "mcd",
    "stoi",
    {"name": "fid", "options": {"stride": 20}},
    {"name": "fvd", "options": {"windows": "first"}},
    "fvmd-lk",
]
PAIRED = {"mcd", "stoi"}
CLIPS_AT_MOST = 4


@pytest.fixture(scope="module")
def trees(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The four datasets as they stand on people's disks."""
    folder = tmp_path_factory.mktemp("trees")
    subprocess.run([sys.executable, shared / "datasets/build.py", folder], check=True, stdout=subprocess.DEVNULL)
    return folder


def test_the_study_on_the_four_trees(cli: Callable[..., Any], trees: Path, tmp_path: Path) -> None:
    study = {
        "name": "four-trees",
        "protocol": {"max_seconds": 2},
        "datasets": [{"name": n, "root": str(trees / root), "clips": CLIPS_AT_MOST} for n, root in ROOTS.items()],
        "generators": ["ceiling", "chance", "still", "cascade"],
        "metrics": METRICS,
    }
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(study))
    outcome = cli("run", tmp_path / "study.yaml", "--out", tmp_path / "run")
    assert outcome.code == 0, outcome.err
    print(outcome.out)
    results = json.loads((tmp_path / "run/results.json").read_text())
    assert len(results["cells"]) == 4 * 4 * 6
    assert {"no audio stream", "silent soundtrack"} <= {
        finding["reason"].partition(" (")[0] for finding in results["findings"]
    }
    for dataset, usable in USABLE.items():
        cells = {(c["generator"], c["metric"]): c for c in results["cells"] if c["dataset"] == dataset}
        for (generator, metric), cell in cells.items():
            assert (cell["value"] is None) == bool(cell["missing"])
            if generator == "ceiling" and metric not in PAIRED and cell["missing"]:
                assert "feature vectors at the least" in cell["missing"], "a half of three clips may be too small"
                continue
            assert cell["n"] + len(cell["failed"]) >= min(usable, CLIPS_AT_MOST), (dataset, generator, metric)
            best = cells["ceiling", metric]
            if metric in PAIRED and generator != "ceiling" and cell["value"] is not None:
                sign = 1 if cell["direction"] == "lower" else -1
                assert sign * best["value"] < sign * cell["value"], (dataset, generator, metric)
        assert all(cells["ceiling", name]["value"] is not None for name in PAIRED)


def test_scoring_generated_against_real(cli: Callable[..., Any], shared: Path) -> None:
    media = shared / "media"
    metrics = "fad-ge2e,mcd,stoi,fid:stride=40,fvd:windows=first,fvmd-lk"
    arguments = ["score", "--real", media / "real", "--generated", media / "generated", "--metrics", metrics]
    outcome = cli(*arguments, "--max-seconds", "1.5", "--max-failed", "0.2", "--json")
    assert outcome.code == 0, outcome.err
    print(outcome.out)
    scores = json.loads(outcome.out)
    for name in ("fad-ge2e", "fid", "fvd", "fvmd-lk"):
        assert scores[name]["value"] > 0
        assert scores[name]["low"] < scores[name]["value"] < scores[name]["high"]
    assert scores["fid"]["n"] == 17
    assert any("no audio stream" in reason for reason in scores["fad-ge2e"]["failed"].values())
    for name in ("mcd", "stoi"):
        assert scores[name]["value"] is None
        assert "no reference clip of this name" in scores[name]["missing"]
