"""`narrator` is a generator like any other: named in a study, timed by stage, and called untrained where it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

STAGES = {
    "text", "voice", "entangle", "speech decode", "vocoder", "reference", "denoise", "vae decode", "write",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.weights
def test_shared_and_explicit_encoders_run_in_a_study(cli: Callable[..., Any], tmp_path: Path) -> None:
    options = {"preset": "small", "steps": 1}
    study = {
        "name": "encoders",
        "protocol": {"max_seconds": 1.5},
        "datasets": [{"name": "voxceleb", "plugin": "synthetic", "clips": 1, "options": {"clips": 2}}],
        "generators": [
            {"name": "STE", "plugin": "narrator", "options": options | {"sharing": "shared"}},
            {"name": "ETE", "plugin": "narrator", "options": options | {"sharing": "explicit"}},
        ],
        "metrics": ["mcd"],
        "bounds": False,
    }
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(study))
    run = tmp_path / "run"
    outcome = cli("run", tmp_path / "study.yaml", "--out", run, "--workers", "1")
    assert outcome.code == 0, outcome.err
    results = json.loads((run / "results.json").read_text())
    for profile in json.loads((run / "costs.json").read_text()):
        assert (profile["clips"], profile["failed"]) == (1, 0)
        assert set(profile["stages"]) >= STAGES
    for generator in ("STE", "ETE"):
        assert any(note.startswith(f"{generator} is untrained") for note in results["notes"])
        (record,) = (run / "generated" / generator / "voxceleb").glob("*.json")
        sharing = json.loads(record.read_text())["description"]["encoder"]["sharing"]
        assert sharing == {"STE": "shared", "ETE": "explicit"}[generator]
    rows = json.loads(cli("paper", "table2", run, "--json").out)
    assert [row["source"] for row in rows[:4]] == ["published", "measured", "published", "measured"]
    assert rows[1]["MCD"] == results["cells"][0]["value"]
