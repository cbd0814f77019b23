"""`data list / verify / prepare / split / overlap`: datasets as they lie on this disk."""

from __future__ import annotations

import inspect
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from pydantic import ValidationError

from bench import plugins, protocols
from bench.cli.arguments import chosen, file_to_write, folder_to_write, place_to_read, roots_by_dataset
from bench.cli.printing import Json, print_line, print_rows
from bench.cli.runs import Workers, shown_progress
from bench.datasets.splits import By, SplitRule
from bench.errors import UserMistake, problem_in_words, shown
from bench.remote.address import Address
from bench.study import DatasetChoice, Protocol
from bench.workers.pool import WorkerPool, default_workers

Option = Annotated[list[str] | None, typer.Option("--option", help="NAME=VALUE for the dataset, as in a study.")]
Root = Annotated[
    Any,  # Path | Address | None, of which the command-line library knows no unions
    typer.Argument(
        parser=place_to_read("The root"),
        metavar="[ROOT]",
        help="The dataset's folder, or an address such as s3://bucket/clips; the bundled corpus needs none.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add this module's commands to the command line."""
    data = typer.Typer(help="Datasets: which there are, and what of one can be used.", no_args_is_help=True)
    data.command("list")(data_list)
    data.command("verify")(verify)
    data.command("prepare")(prepare)
    data.command("split")(split_dataset)
    data.command("overlap")(overlap)
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
    name: Annotated[str, typer.Argument(help="A name from `data list`.")],
    root: Root = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--out", parser=folder_to_write("--out", "the prepared folder"), metavar="FOLDER",
            help="Put clips, texts, images and voice profiles here; a folder that was begun is continued.",
        ),
    ] = None,
    option: Option = None,
    protocol: Annotated[str, typer.Option(help="A bundled protocol: paper, strict, smoke.")] = "",
    seconds: Annotated[float | None, typer.Option(min=0.1, help="The first seconds of each clip; 10.")] = None,
    transcripts: Annotated[
        str | None,
        typer.Option(help="Recogniser of what no file tells: pocketsphinx, whisper-base, whisper:model=NAME, none."),
    ] = None,
    text: Annotated[str | None, typer.Option(help="How texts are spelt: as-written, paper.")] = None,
    image: Annotated[str | None, typer.Option(help="Driving image: first, open-eyes.")] = None,
    voice: Annotated[
        str | None, typer.Option(help="Voice profile: another-clip, only-another-clip, other-half, same-clip.")
    ] = None,
    split: Annotated[str, typer.Option(help="Divide by speaker, clip (the paper's rule) or dataset.")] = "",
    seed: Annotated[int, typer.Option(min=0, help="Of the split.")] = 0,
    workers: Workers = 0,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Cut clips and keep them with texts, images and voice profiles, in the paper's layout, for `folder` to read.

    Without --out only what a dataset needs before its first use is made (the bundled corpus is rendered).
    """
    from bench.run.selection import load_index

    told = {"max_seconds": seconds, "transcripts": transcripts, "text": text, "image": image, "voice": voice}
    choice = _choice(name, root, option)
    if folder is None:
        if protocol or split or any(value is not None for value in told.values()):
            raise UserMistake("data prepare needs --out, the folder to put the clips into.")
        index = load_index(choice)
        print_line(f"{index.name}: {len(index.samples)} clips in {index.root}")
        return
    from bench.preparing.prepare import prepare as prepare_dataset

    fields = {field: value for field, value in told.items() if value is not None}
    prepared_by, rule = _protocol(protocol, fields), _rule(split, seed, 0.2, 0.0) if split else None
    index = load_index(choice)
    with shown_progress() as progress, WorkerPool(workers or default_workers()) as pool:
        made = prepare_dataset(index, choice, folder, prepared_by, rule, pool, progress)
    if as_json:
        print(json.dumps(asdict(made) | {"protocol": prepared_by.label}, indent=1, ensure_ascii=False))
        return
    print_line(f"{index.name}: {made.prepared} of {len(index.samples)} clips prepared in {folder}")
    rows = [{"part": part, "clips": n, "from": source} for part, counts in made.sources.items()
            for source, n in counts.items()]  # fmt: skip
    rows += [{"part": "missed", "clips": count, "from": reason} for reason, count in made.missed.items()]
    print_rows(rows, False, "Sources")
    counts = Counter(finding.reason for finding in made.findings).most_common()
    print_rows([{"skipped": count, "reason": reason} for reason, count in counts], False, "Skipped")
    for warning in made.warnings:
        print_line(f"Note: {warning}.")
    if made.forgotten:
        print_line(f"Note: {made.forgotten} samples that the dataset holds no longer were removed.")


def split_dataset(
    name: Annotated[str, typer.Argument(help="A name from `data list`.")],
    file: Annotated[
        Path, typer.Option("--out", parser=file_to_write("--out"), metavar="FILE", help="The CSV to write.")
    ],
    root: Root = None,
    option: Option = None,
    by: Annotated[str, typer.Option(help="speaker; clip, as the paper; or dataset, its own sides.")] = "speaker",
    seed: Annotated[int, typer.Option(min=0, help="Fixes the split.")] = 0,
    test: Annotated[float, typer.Option(min=0, max=1, help="Share for testing.")] = 0.2,
    dev: Annotated[float, typer.Option(min=0, max=1, help="Share for development.")] = 0.0,
    as_json: Json = False,
) -> None:
    """Divide a dataset: a CSV of key, speaker and split. People whom datasets share are on the same side of each."""
    from bench.datasets.splits import SIDES, divide, write_split
    from bench.run.selection import load_index

    rule = _rule(by, seed, test, dev)
    index = load_index(_choice(name, root, option))
    divided = divide(index, rule)
    write_split(file, index, divided)
    rows = []
    for side in SIDES:
        samples = [sample for sample in index.samples if divided.sides.get(sample.key) == side]
        people = {sample.speaker for sample in samples if sample.speaker}
        rows.append({"split": side, "clips": len(samples), "known_speakers": len(people)})
    print_rows(rows, as_json, f"{index.name}, split by {by}, seed {seed}")
    if not as_json:
        for warning in divided.warnings:
            print_line(f"Note: {warning}.")


def overlap(
    first: Annotated[
        str, typer.Argument(metavar="DATASET=FOLDER", help="One dataset, for example voxceleb=/data/vox.")
    ],
    second: Annotated[str, typer.Argument(metavar="DATASET=FOLDER", help="The other; both may be of one name.")],
    seconds: Annotated[float, typer.Option(min=1, help="Only the first seconds of a clip are looked at.")] = 10.0,
    workers: Workers = 0,
    as_json: Json = False,
) -> None:
    """What two datasets share: people, equal clips, and clips that are equal but for their encoding."""
    from bench.datasets.overlap import overlap as compare
    from bench.run.selection import load_index

    indices = []
    for written in (first, second):
        ((name, root),) = roots_by_dataset([written]).items()
        indices.append(load_index(_choice(name, root, None)))
    with shown_progress() as progress, WorkerPool(workers or default_workers()) as pool:
        found = compare(indices[0], indices[1], seconds, pool, progress)
    if as_json:
        print(json.dumps(asdict(found), indent=1, ensure_ascii=False))
        return
    counts = Counter(shared.kind for shared in found.shared)
    told = ", ".join(f"{count} of kind '{kind}'" for kind, count in counts.items())
    print_line(f"{len(indices[0].samples)} clips and {len(indices[1].samples)} clips share: {told or 'nothing'}")
    print_rows([asdict(shared) for shared in found.shared], False, "Shared")
    print_rows([asdict(finding) for finding in found.findings], False, "Not looked at")


def _protocol(name: str, fields: Mapping[str, Any]) -> Protocol:
    """A protocol that ships, or the default one, with the fields that options set."""
    try:
        protocol = Protocol.model_validate({**(protocols.fields_of(name) if name else {}), **fields})
    except UserMistake as mistake:
        raise UserMistake(f"--protocol: {mistake}") from mistake
    except ValidationError as error:
        raise UserMistake(f"--{problem_in_words(error.errors()[0], str(error.errors()[0]['loc'][0]), ())}") from error
    protocol.check_recogniser()
    return protocol


def _rule(by: str, seed: int, test: float, dev: float) -> SplitRule:
    if by not in ("speaker", "clip", "dataset"):
        raise UserMistake(f"A split is by speaker, clip or dataset, not by '{shown(by, 40)}'.")
    try:
        return SplitRule(cast("By", by), seed, test, dev)
    except ValueError as error:
        raise UserMistake(f"{error}.") from error


def _choice(name: str, root: Path | Address | None, options: list[str] | None) -> DatasetChoice:
    place = root.resolve() if isinstance(root, Path) else root
    return chosen(DatasetChoice, "dataset", "--option", name, options or (), root=place)
