"""One self-contained page: scores, sweeps, protocol, costs, findings, and the clips side by side."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from importlib import resources
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FunctionLoader, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from reports.cautions import cautions
from reports.charts import charts
from reports.conclusions import conclusions
from reports.numbers import fixed, heading
from reports.page_data import page_data, thinned
from reports.paper import METRICS, table2_rows
from reports.profile_figures import figures as profile_figures
from reports.profile_tables import profile_tables
from reports.profiles import ProfileReport
from reports.results import Clip, Results
from reports.stress import claim_table, damages, families, stress_tables
from reports.sweep import sweep_tables
from reports.tables import Entry, Row, Table, cost_table, failures, score_table, stage_table
from reports.text import visible
from reports.vega import bundle

MOST_FINDINGS = 1000
"""Clips on the page that take no part."""


def page(
    results: Results,
    figures: Mapping[str, str],
    stress: Mapping[str, str] | None = None,
    profile: ProfileReport | None = None,
    traces: Mapping[str, str] | None = None,
) -> str:
    """The page as HTML for RUN/report/index.html; clips are linked relative to it.

    Args:
        figures: an SVG image for each sweep, by family.
        stress: an SVG image for each damage.
        profile: of the run, where there is one.
        traces: see `reports.report.TRACES`.
    """
    plain = results.plain
    drawn = profile_figures(profile) if profile else {}
    drawings = charts(plain)
    scripts = [bundle(), _part("page.js"), _part("gallery.js")]
    warned = cautions(plain)
    study = plain.study
    titles = [metric.title for metric in study.metrics.values()]
    names = [name for name in study.generators if name not in study.bounds]
    template = templates().get_template("page.html")
    return template.render(
        results=plain,
        generators=", ".join(names) or "no generator",
        conclusions=conclusions(plain),
        cautions=warned,
        count=sum(map(len, warned.values())),
        scores=score_table(plain),
        drawings=drawings,
        headings={
            name: heading(metric, name, titles.count(metric.title) == 1) for name, metric in study.metrics.items()
        },
        gallery=bool(plain.clips),
        thinned=thinned(plain),
        traced=bool(traces),
        mouths=any("-mouth" in picture for picture in (traces or {}).values()),
        paper=_paper_table(results),
        sweeps=list(zip(sweep_tables(results), map(_embedded, figures.values()), strict=True)),
        claims=claim_table(results),
        stress=stress_tables(results),
        stress_figures={damage: _embedded(image) for damage, image in (stress or {}).items()},
        stress_clips=_stress_clips(results),
        costs=cost_table(plain),
        stages=stage_table(plain),
        profiled=profile_tables(profile) if profile else [],
        drawn={name.capitalize(): _embedded(image) for name, image in drawn.items()},
        protocol=told(results.protocol | {"seed": results.study.seed}),
        environment=told(_by_machine(results.environment)),
        failed=[cell for cell in plain.cells if cell.failed],
        failures=failures,
        most_findings=MOST_FINDINGS,
        link=_link,
        data=_json(page_data(plain, traces or {}, _link)),
        specs=_json(drawings),
        styles=Markup(_part("page.css")),
        scripts=list(map(Markup, scripts)),
        hashes=Markup(" ".join(map(_hash, scripts))),
    )


def _part(name: str) -> str:
    return resources.files("reports").joinpath(name).read_text(encoding="utf-8")


def _json(value: Any) -> Markup:
    """JSON for a script element: nothing in it ends the element or begins a comment."""
    return htmlsafe_json_dumps(value, separators=(",", ":"))


def _hash(script: str) -> str:
    """What the page's policy lets run: this script and no other."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def templates() -> Environment:
    """The pages' templates; all text in them is escaped, and characters that nobody sees are shown."""
    return Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_seen,
        loader=FunctionLoader(lambda name: resources.files("reports").joinpath(name).read_text(encoding="utf-8")),
    )  # fmt: skip


def _seen(value: Any) -> Any:
    """What the template writes; text that is markup already was seen before."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def told(mapping: Mapping[str, Any]) -> dict[str, str]:
    """What is set, as text."""
    present = {name: value for name, value in mapping.items() if value is not None}
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in present.items()}


def _by_machine(environment: Mapping[str, Any]) -> dict[str, Any]:
    """The environment with a line for each machine that took part; of the only one just what it made."""
    machines = environment.get("machines")
    if not isinstance(machines, list) or not all(isinstance(machine, Mapping) for machine in machines):
        return dict(environment)
    rest = {name: value for name, value in environment.items() if name != "machines"}
    if len(machines) == 1:
        return rest | {"made": machines[0].get("made")}
    return rest | {f"machine {machine.get('machine', '?')} of {len(machines)}": machine for machine in machines}


def _stress_clips(results: Results) -> dict[str, list[Clip]]:
    """Of each generator, dataset and damage the clips of the first prompt, from the undamaged prompt on."""
    by_place: dict[tuple[str, str], list[Clip]] = {}
    for clip in sorted(results.clips, key=lambda clip: clip.key):
        by_place.setdefault((clip.dataset, clip.generator), []).append(clip)
    found = {}
    for family in families(results):
        for dataset in results.study.datasets:
            for damage, labels in damages(results, family).items():
                shown = [by_place[dataset, label][0] for label in (family, *labels) if (dataset, label) in by_place]
                if shown:
                    found[f"{family}, {dataset}: {damage}"] = shown
    return found


def _link(file: str) -> str:
    """From RUN/report to a file named relative to RUN."""
    return quote(f"../{file}", errors="replace")


def _embedded(image: str) -> str:
    """An address that holds the image; as an image it can neither run anything nor reach into the page."""
    return f"data:image/svg+xml;base64,{base64.b64encode(image.encode('utf-8', 'backslashreplace')).decode()}"


def _paper_table(results: Results) -> Table | None:
    """The paper's Table 2 with this run's values; None if the run holds nothing that belongs there."""
    rows = table2_rows(results)
    if all(row["source"] == "published" for row in rows):
        return None
    groups: dict[str, list[Row]] = {}
    for row in rows:
        labels = (row["dataset"], f"{row['encoder']}, {row['source']}")
        published = row["source"] == "published"
        numbers = (str(row[metric]) if published else fixed(row[metric]) for metric in METRICS)
        entries = tuple(map(Entry, (*numbers, row["metrics"])))
        groups.setdefault(row["dataset"], []).append(Row(labels, entries, bound=published))
    return Table(
        title="The paper's Table 2, published beside measured",
        labels=("dataset", "encoder"),
        headings=tuple(map(Entry, (*METRICS, "metrics"))),
        groups=tuple(map(tuple, groups.values())),
        remarks=("Published values come without protocol, sample count and implementation: no target to reproduce.",),
    )
