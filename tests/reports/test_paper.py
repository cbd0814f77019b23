"""The paper's tables: the data adds up, and measured values stand beside published ones."""

from __future__ import annotations

from pathlib import Path

import reports
from reports.paper import METRICS, PUBLISHED_TABLE_1, PUBLISHED_TABLE_1_TOTAL, PUBLISHED_TABLE_2, table2_rows
from reports.results import Results


def test_published_parameters_add_up() -> None:
    assert sum(PUBLISHED_TABLE_1) == PUBLISHED_TABLE_1_TOTAL


def test_explicit_is_better_in_seventeen_of_twenty_four_cells_and_in_one_of_voxceleb() -> None:
    """As counted in the published table; "almost all" is its own claim."""
    scores = {(row.dataset, row.encoder): row.scores for row in PUBLISHED_TABLE_2}
    wins = {
        dataset: sum(
            (explicit > shared) if metric == "STOI" else (explicit < shared)
            for metric, explicit, shared in zip(METRICS, scores[dataset, "ETE"], scores[dataset, "STE"], strict=True)
        )
        for dataset, _ in scores
    }
    assert sum(wins.values()) == 17
    assert wins["VoxCeleb"] == 1


def test_published_alone() -> None:
    rows = table2_rows()
    assert [row["source"] for row in rows] == ["published"] * 8
    assert (rows[0]["FVMD"], rows[-1]["STOI"]) == (2720.41, 0.15)


def test_measured_values_follow_the_published_row_of_their_place(results: Results) -> None:
    rows = table2_rows(results)
    assert len(rows) == 10
    assert [row["source"] for row in rows[:4]] == ["published", "measured", "published", "measured"]
    assert rows[1] == {
        "dataset": "VoxCeleb", "encoder": "STE", "source": "measured",
        "FAD": None, "MCD": 9.0, "STOI": 0.12, "FID": 34.21, "FVD": None, "FVMD": None, "metrics": "mcd, stoi, fid",
    }  # fmt: skip
    assert rows[3]["MCD"] is None


def test_the_page_shows_both(results: Results, tmp_path: Path) -> None:
    results.write(tmp_path / "results.json")
    page = reports.render(tmp_path).read_text(encoding="utf-8")
    assert "2720.41" in page
    assert "STE, measured" in page
