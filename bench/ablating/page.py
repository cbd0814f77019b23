"""An ablation's findings as Markdown."""

from __future__ import annotations

from bench.ablating.findings import Findings, Mean
from bench.ablating.plan import REFERENCE
from reports.numbers import decimals, fixed, heading

_SIGNED = "+"


def markdown(findings: Findings) -> str:
    """Tables of means, of differences from ETE, and of the paper's claims."""
    seeds = ", ".join(map(str, findings.seeds))
    lines = [
        f"# {findings.name}",
        "",
        f"Means over prompts and seeds ({seeds}), with 95 % intervals over both. Differences are prompt by prompt and"
        " seed by seed.",
    ]
    for dataset in dict.fromkeys(each.dataset for each in findings.means):
        for title, rows, sign in (
            ("Means", findings.means, ""),
            (f"Less {REFERENCE}", findings.differences, _SIGNED),
        ):
            own = [each for each in rows if each.dataset == dataset]
            lines += ["", f"## {title}: {dataset}", "", *_table(findings, own, sign)]
    lines += ["", "## The paper's claims", "", "| claim | metric | here | evidence |", "|---|---|---|---|"]
    for judged in findings.claims:
        metric = findings.metrics.get(judged.metric)
        named = judged.metric if metric is None else metric.title
        lines.append(f"| {judged.claim} | {named} | {judged.verdict} | {judged.evidence.replace('|', '/')} |")
    lines += ["", *(f"* {note}" for note in findings.notes)]
    return "\n".join(lines).rstrip() + "\n"


def _table(findings: Findings, rows: list[Mean], sign: str) -> list[str]:
    by_place = {(each.variant, each.metric): each for each in rows}
    variants = list(dict.fromkeys(each.variant for each in rows))
    titles = [metric.title for metric in findings.metrics.values()]
    headings = [heading(metric, name, titles.count(metric.title) == 1) for name, metric in findings.metrics.items()]
    table = [f"| variant | {' | '.join(headings)} |", "|---" * (len(headings) + 1) + "|"]
    missing: dict[str, str] = {}
    for variant in variants:
        cells = []
        for name in findings.metrics:
            each = by_place[variant, name]
            cells.append(_shown(each, sign))
            if each.missing is not None:
                missing[f"{variant}, {name}"] = each.missing
        table.append(f"| {variant} | {' | '.join(cells)} |")
    return table + [line for place, reason in missing.items() for line in ("", f"{place}: {reason}.")]


def _shown(each: Mean, sign: str) -> str:
    if each.mean is None:
        return "—"
    places = decimals(each.mean) if not sign or not each.mean else max(decimals(each.mean), 3)
    value = f"{each.mean:{sign}.{places}f}"
    if each.low is None or each.high is None:
        return value
    return f"{value} [{fixed(each.low, places)}, {fixed(each.high, places)}]"
