"""The site: built strictly, without a warning and without the network, with a page for every metric."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
NO_NETWORK = """
import socket
def refused(*_, **__):
    raise OSError("the site asks for the network")
socket.getaddrinfo = socket.socket.connect = refused
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as `make docs` builds it, by a Python that cannot reach any host."""
    if importlib.util.find_spec("mkdocs") is None:
        reason = "needs the extra docs: pip install -e '.[docs]'"
        if os.environ.get("NARRATOR_BENCH_REQUIRE_SHARED"):
            pytest.fail(reason)
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("site")
    (folder / "sitecustomize.py").write_text(NO_NETWORK)
    path = os.pathsep.join([str(folder), str(ROOT), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-d", str(folder / "site")]
    environment = os.environ | {"PYTHONPATH": path, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "WARNING" not in done.stdout + done.stderr
    return folder / "site"


def test_every_metric_is_on_a_page_with_what_there_is_to_know(site: Path) -> None:
    index = (site / "metrics/index.html").read_text(encoding="utf-8")
    for entry in entry_points(group="narrator_bench.metrics"):
        if entry.value.startswith("metrics."):
            assert f"<code>{entry.name}</code>" in index, entry.name
    facts = yaml.safe_load((ROOT / "docs/metrics/facts.yaml").read_text(encoding="utf-8"))
    for name, fact in facts.items():
        page = (site / f"metrics/{name}.html").read_text(encoding="utf-8")
        for title in ("Source", "What it sees", "What it does not see", "Traps", "Cost", "Python"):
            assert re.search(rf"<h2[^>]*>{title}", page), (name, title)
        assert ("<math" in page) == ("formula" in fact), name
        assert "merror" not in page


def test_measured_rows_reach_the_pages(site: Path) -> None:
    page = (site / "metrics/fvd.html").read_text(encoding="utf-8")
    assert "Frame shuffling" in page  # sensitivity
    assert "cd-fvd 0.1.1" in page  # parity
    assert 'src="fvd.svg"' in page
    assert (site / "metrics/fvd.svg").read_text(encoding="utf-8").count("<path") > 5
    assert "another person" in (site / "metrics/identity.html").read_text(encoding="utf-8")  # what it tells apart


def test_the_site_opens_from_disk_and_asks_no_other_host(site: Path) -> None:
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.findall(r"<(?:script|link|img|iframe|source)\b[^>]*(?:src|href)=\"(?:https?:)?//", text), page
    for style in site.rglob("*.css"):
        assert "url(http" not in style.read_text(encoding="utf-8"), style


def test_public_docstrings_are_in_the_api(site: Path) -> None:
    for page, names in {
        "metrics": ("ClipMetric", "PairedMetric", "DistributionMetric", "Score"),
        "generators": ("Prompt", "Narration", "GenerationFailed"),
        "datasets": ("Sample", "DatasetIndex"),
        "results": ("Results", "Cell"),
    }.items():
        text = (site / f"api/{page}.html").read_text(encoding="utf-8")
        for name in names:
            assert re.search(rf'<h\d id="[\w.]*\.{name}"', text), (page, name)


def test_facts_are_of_registered_metrics_and_whole() -> None:
    from metrics.builtin import METRICS

    facts = yaml.safe_load((ROOT / "docs/metrics/facts.yaml").read_text(encoding="utf-8"))
    assert list(facts) == list(dict.fromkeys(next(iter(metric.conventions)) for metric in METRICS.values()))
    for name, fact in facts.items():
        assert {"title", "source", "sees", "blind", "traps"} <= fact.keys(), name
        assert fact.keys() <= {"title", "formula", "where", "source", "sees", "blind", "traps"}, name
    costs = yaml.safe_load((ROOT / "docs/metrics/costs.yaml").read_text(encoding="utf-8"))
    assert costs["seconds"].keys() <= METRICS.keys()
