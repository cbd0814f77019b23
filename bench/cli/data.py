"""`data list / verify / prepare`: datasets as they lie on this disk."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Annotated

import typer

from bench import plugins
from bench.cli.arguments import chosen, path_to_read
from bench.cli.printing import Json, print_line, print_rows
from bench.study import DatasetChoice
from bench.workers.pool import default_workers

Option = Annotated[list[str] | None, typer.Option("--option", help="NAME=VALUE for the dataset, as in a study.")]
Root = Annotated[
    Path | None,
    typer.Argument(
        parser=path_to_read("The root"), metavar="[ROOT]", help="The dataset's folder; the bundled corpus needs none."
    ),
]


def register(app: typer.Typer) -> None:
    """Add this module's commands to the command line."""
    data = typer.Typer(help="Datasets: which there are, and what of one can be used.", no_args_is_help=True)
    data.command("list")(data_list)
    data.command("verify")(verify)
    data.command("prepare")(prepare)
    app.add_typer(data, name="data")


def data_list(as_json: Json = False) -> None:
    """Every dataset that a study may name."""
    rows = []
    for name in plugins.available("dataset"):
        rows.append(
            {"dataset": name, "holds": (inspect.getdoc(plugins.find("dataset", name)) or "").partition("\n")[0]}
        )
    print_rows(rows, as_json)


def verify(
    name: Annotated[str, typer.Argument(help="A name from `data list`.")],
    root: Root = None,
    option: Option = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after so many usable clips.")] = None,
    as_json: Json = False,
) -> None:
    """Look at every clip: how many can be measured, and for each of the others the reason why not."""
    from bench.datasets.verify import Needs
    from bench.datasets.verify import verify as verify_index
    from bench.run.selection import load_index

    report = verify_index(load_index(_choice(name, root, option)), Needs(), limit, default_workers())
    if as_json:
        print(json.dumps(report.as_json(), indent=1, ensure_ascii=False, default=str))
        return
    print_line(f"{report.dataset}: {report.usable} usable clips of {report.speakers} known speakers")
    print_rows([{"skipped": count, "reason": reason} for reason, count in report.counts().items()], False, "Skipped")
    print_rows(
        [{"item": f.subject, "reason": f.reason, "detail": f.detail} for f in report.findings], False, "Findings"
    )


def prepare(
    name: Annotated[str, typer.Argument(help="A name from `data list`.")], root: Root = None, option: Option = None
) -> None:
    """Make what a dataset needs before its first use (the bundled corpus is rendered), and count its clips."""
    from bench.run.selection import load_index

    index = load_index(_choice(name, root, option))
    print_line(f"{index.name}: {len(index.samples)} clips in {index.root}")


def _choice(name: str, root: Path | None, options: list[str] | None) -> DatasetChoice:
    return chosen(DatasetChoice, "dataset", "--option", name, options or (), root=root and root.resolve())
