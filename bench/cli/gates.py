"""`gate`: whether a run is as good as a reference file says it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from bench.cli.arguments import RunToRead, path_to_read
from bench.cli.printing import Json, print_line, print_rows
from bench.errors import UserMistake


def register(app: typer.Typer) -> None:
    """Add this module's command to the command line."""
    app.command("gate")(gate)


def gate(
    run: RunToRead,
    against: Annotated[
        Path, typer.Option(parser=path_to_read("--against"), metavar="FILE", help="The reference file.")
    ],
    rules: Annotated[
        Path | None,
        typer.Option(parser=path_to_read("--rules"), metavar="FILE", help="Tolerances in YAML; see docs/gate.md."),
    ] = None,
    junit: Annotated[
        Path | None, typer.Option(parser=path_to_read("--junit"), metavar="FILE", help="Write JUnit XML here.")
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option(parser=path_to_read("--markdown"), metavar="FILE", help="Write a summary here.")
    ] = None,
    update: Annotated[
        bool, typer.Option("--update", help="Write the reference file from the run, and say what changes.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Hold a run against a reference file, cell by cell.

    Exit code 0 where every cell holds, 1 where one is a regression, 3 where none is but something could not be
    measured: a cell that is missing, too few clips, another signature, protocol, prompt or reference clip.
    """
    from bench.gating.judge import judge
    from bench.gating.reference import Reference, changes
    from bench.gating.rules import Rules, read_rules
    from reports.gate import EXIT_CODES
    from reports.gate_tables import gate_markdown, gate_rows
    from reports.junit import junit as junit_text
    from reports.results import Results
    from reports.writing import write

    _check_distinct({"--against": against, "--rules": rules, "--junit": junit, "--markdown": markdown})
    if not run.is_dir():
        raise UserMistake(f"{run} is no folder: name the folder that --out of `narrator-bench run` named.")
    limits = Rules() if rules is None else read_rules(rules)
    named = "The rules" if rules is None else str(rules)
    results, profile = Results.read(run / "results.json"), None
    if limits.judges_latency:
        from reports.profiles import ProfileReport

        profile = ProfileReport.of_run(run)
    if update:
        if junit or markdown or as_json:
            raise UserMistake(
                "--update writes the reference and judges nothing: leave out --junit, --markdown, --json."
            )
        before = Reference.read(against) if against.exists() or against.is_symlink() else None
        after = Reference.of(results, limits, named, profile)
        if limits.judges_latency and not after.profile:
            raise UserMistake(
                f"{run} holds no latencies that the rules judge: profile it with `narrator-bench profile --into {run}`."
            )
        after.write(against)
        for line in changes(before, after):
            print_line(line)
        timed = f", latencies of {', '.join(after.profile.names)}" if after.profile else ""
        print_line(f"Reference: {against}, {len(after.cells)} cells{timed}.", style="bold")
        return
    found = judge(results, Reference.read(against), limits, str(against), named, profile)
    if junit:
        write(junit, junit_text(found))
    if markdown:
        write(markdown, gate_markdown(found))
    if as_json:
        print(json.dumps(found.to_json(), indent=1, ensure_ascii=False))
    else:
        print_rows(gate_rows(found), as_json=False)
        print_line(found.summary, style="bold")
    raise typer.Exit(EXIT_CODES[found.verdict])


def _check_distinct(files: dict[str, Path | None]) -> None:
    """No output may take the place of an input."""
    seen: dict[Path, str] = {}
    for option, path in files.items():
        if path is None:
            continue
        place = path.absolute()
        if place in seen:
            raise UserMistake(f"{seen[place]} and {option} name the same file {path}: give each its own.")
        seen[place] = option
