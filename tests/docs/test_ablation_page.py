"""docs/ablation.md shows what the results file beside it says, and that file belongs to the plan that ships."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.ablating.findings import Findings
from bench.ablating.page import markdown
from bench.ablating.plan import find_ablation

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(scope="module")
def findings() -> Findings:
    return Findings.model_validate_json((DOCS / "results/small-ablation.json").read_text(encoding="utf-8"))


def test_the_page_shows_the_findings(findings: Findings) -> None:
    page = (DOCS / "ablation.md").read_text(encoding="utf-8").splitlines()
    shown = page[page.index("## Results") :]
    told = [line for line in markdown(findings).splitlines() if line.startswith("|")]
    assert [line for line in shown if line.startswith("|")] == told
    assert len(told) > 20


def test_the_findings_are_those_of_the_plan(findings: Findings, tmp_path: Path) -> None:
    ablation = find_ablation("small-ablation", tmp_path)
    assert findings.seeds == ablation.plan.seeds
    rows = list(dict.fromkeys(each.variant for each in findings.means))
    assert rows == [*ablation.plan.variants, "ceiling", "chance"]
    assert {each.seeds for each in findings.means if each.variant == "ETE" and each.mean is not None} == {3}
