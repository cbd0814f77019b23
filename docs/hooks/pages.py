"""Pages of the site that are made when it is built: one for each metric, the changelog, the contributing guide.

What a metric's page says comes from the registry, the class and its configuration, `docs/metrics/facts.yaml`, and from
the rows of the measured tables that name the metric.
"""

from __future__ import annotations

import dataclasses
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from latex2mathml.converter import convert
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

sys.path.insert(0, str(Path(__file__).parent))  # MkDocs imports a hook by its path alone

from plots import sensitivity_plot
from tables import Found, tables_of

ROOT = Path(__file__).resolve().parents[2]
FACTS = yaml.safe_load((ROOT / "docs/metrics/facts.yaml").read_text(encoding="utf-8"))
COSTS = yaml.safe_load((ROOT / "docs/metrics/costs.yaml").read_text(encoding="utf-8"))
MEASURED = {
    "sensitivity": "Sensitivity", "parity": "Parity", "beyond-six": "Separation and parity", "sync": "Definition",
    "stress": "In stress studies",
}  # fmt: skip
TOLD = (("source", "Source"), ("sees", "What it sees"), ("blind", "What it does not see"), ("traps", "Traps"))


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the metrics' pages into the navigation."""
    pages: list[Any] = ["metrics/index.md", *({fact["title"]: f"metrics/{name}.md"} for name, fact in FACTS.items())]
    config.nav = [{"Metrics": pages} if "Metrics" in entry else entry for entry in config.nav or []]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made."""
    for name, content in (
        ("changelog.md", _from_root("CHANGELOG.md")),
        ("contributing.md", _from_root("CONTRIBUTING.md")),
        ("metrics/index.md", _overview()),
    ):
        files.append(File.generated(config, name, content=content))
    for name, metric in _metrics().items():
        plot = sensitivity_plot(list(metric.conventions), tables_of(ROOT / "docs/sensitivity.md"))
        if plot:
            files.append(File.generated(config, f"metrics/{name}.svg", content=plot))
        files.append(File.generated(config, f"metrics/{name}.md", content=_page(name, metric, bool(plot))))
    return files


def _metrics() -> dict[str, Any]:
    """The class of each page, which is called after its first convention."""
    from metrics.builtin import METRICS

    found = {next(iter(metric.conventions)): metric for metric in METRICS.values()}
    if found.keys() != FACTS.keys():
        differing = ", ".join(sorted(found.keys() ^ FACTS.keys()))
        raise ValueError(f"docs/metrics/facts.yaml and the registry differ in {differing}: give each metric its facts.")
    return found


def _page(name: str, metric: Any, plotted: bool) -> str:
    fact = FACTS[name]
    lines = [f"# {fact['title']}", "", _summary(metric), "", f"Names: {_names(metric)}. {_kind(name, metric)}", ""]
    if formula := fact.get("formula"):
        lines += ["## Formula", "", convert(formula, display="block"), ""]
    if where := fact.get("where"):
        lines += [where, ""]
    for key, title in TOLD:
        if text := fact.get(key):
            lines += [f"## {title}", "", text.replace(" - ", ": "), ""]
    lines += _conventions(metric)
    lines += _cost(metric)
    lines += _measured(metric, name if plotted else None)
    configuration = type(next(iter(metric.conventions.values())))
    lines += ["## Python", "", *_reference(metric), *_reference(configuration)]
    return "\n".join(lines) + "\n"


def _summary(metric: Any) -> str:
    """The first paragraph of the docstring."""
    return " ".join((inspect.getdoc(metric) or "").partition("\n\n")[0].split())


def _names(metric: Any) -> str:
    return ", ".join(f"`{name}`" for name in metric.conventions)


def _kind(name: str, metric: Any) -> str:
    from metrics.base.metric import PairedMetric

    made = metric(name)
    looks = " and ".join(sorted(made.modalities))
    if not issubclass(metric, PairedMetric):
        against = "compares the set of generated clips with the set of real ones"
    elif made.reference_free:
        against = "needs no reference clip"
    else:
        against = "compares each clip with its reference"
    aligned = "; it needs clips that are aligned in time" if made.aligned else ""
    unit = f" Unit: {made.unit}." if made.unit else ""
    return f"Looks at {looks}, {against}{aligned}; {made.direction} is better.{unit}"


def _conventions(metric: Any) -> Iterator[str]:
    """One row a name, one column for each field in which they differ."""
    configurations = metric.conventions
    fields = [field.name for field in dataclasses.fields(next(iter(configurations.values())))]
    told = {name: [_value(getattr(made, field)) for field in fields] for name, made in configurations.items()}
    if not fields:
        return
    yield from ("## Conventions", "")
    yield f"| name | {' | '.join(fields)} |"
    yield f"|---|{'---|' * len(fields)}"
    yield from (f"| `{name}` | {' | '.join(values)} |" for name, values in told.items())
    yield from ("", "`narrator-bench metrics list` prints the signatures, with the hashes of the weights.", "")


def _value(value: Any) -> str:
    text = type(value).__name__ if dataclasses.is_dataclass(value) else str(value)
    return f"`{text}`"


def _cost(metric: Any) -> Iterator[str]:
    rows = [(name, COSTS["seconds"][name]) for name in metric.conventions if name in COSTS["seconds"]]
    yield from ("## Cost", "")
    if not rows:
        yield from ("Not measured: see [Speed](../speed.md) for the cost of all metrics together.", "")
        return
    yield from (f"| {COSTS['heading']} | |", "|---|---|")
    yield from (f"| `{name}` | {seconds} |" for name, seconds in rows)
    yield from ("", f"{COSTS['how']} More: [Speed](../speed.md).", "")


def _measured(metric: Any, plot: str | None) -> Iterator[str]:
    """What the measured pages say of the metric, row by row."""
    for page, title in MEASURED.items():
        found = [table.of(metric.conventions) for table in tables_of(ROOT / f"docs/{page}.md")]
        shown = [table for table in found if table.rows]
        if not shown:
            continue
        yield from (f"## {title}", "", f"From [{shown[0].page}](../{page}.md).", "")
        if page == "sensitivity" and plot:
            yield from (f"![Score against the strength of each damage]({plot}.svg)", "")
        for table in shown:
            yield from _rows(table)


def _rows(table: Found) -> Iterator[str]:
    if table.section != table.page:
        yield from (f"**{table.section}**", "")
    yield f"| {' | '.join(cell or '&nbsp;' for cell in table.header)} |"
    yield f"|{'---|' * len(table.header)}"
    yield from (f"| {' | '.join(row)} |" for row in table.rows)
    yield ""


def _reference(thing: type) -> Iterator[str]:
    yield from (f"::: {thing.__module__}.{thing.__qualname__}", "    options:", "      members: false", "")


def _overview() -> str:
    """Every registered name, with the page that it is on."""
    lines = [
        "# Metrics", "",
        "One name is one convention: which weights, which resizing, which alignment. `narrator-bench metrics list` "
        "prints each name with its signature; two numbers compare only where the signatures are equal.", "",
        "| page | names | what it is |", "|---|---|---|",
    ]  # fmt: skip
    for name, metric in _metrics().items():
        lines.append(f"| [{FACTS[name]['title']}]({name}.md) | {_names(metric)} | {_summary(metric)} |")
    return "\n".join(lines) + "\n"


def _from_root(name: str) -> str:
    """A file of the repository's root, its links as they are from the site."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return (
        text.replace("](docs/", "](").replace("](CHANGELOG.md", "](changelog.md").replace("](README.md", "](index.md")
    )
