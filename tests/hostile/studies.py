"""Studies: YAML that is none, that bites, or that means something else than it seems to."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from hostile.case import Arguments, Case

STUDY = "name: s\ndatasets: [{name: folder, root: clips}]\ngenerators: [still]\nmetrics: [mcd]\n"
TENFOLD = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{level}: &a{level} [{','.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 12)
)


def _study(content: str | bytes) -> Callable[[Path], Arguments]:
    def make(folder: Path) -> Arguments:
        path = folder / "s.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return "run", path, "--out", folder / "run"

    return make


def _generator(options: str, plugin: str = "still") -> str:
    return STUDY.replace("[still]", f"[{{name: g, plugin: {plugin}, options: {options}}}]")


def _sweep(checkpoints: str) -> str:
    return STUDY.replace("[still]", f"[{{name: g, plugin: narrator, checkpoints: {checkpoints}}}]")


def _metric(options: str, plugin: str = "fid") -> str:
    return STUDY.replace("[mcd]", f"[{{name: m, plugin: {plugin}, options: {options}}}]")


def _dataset(fields: str) -> str:
    return STUDY.replace("{name: folder, root: clips}", f"{{{fields}}}")


TEXTS: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "is not a study"),
    "blank": (" \n\n", "is not a study"),
    "null": ("null\n", "is not a study"),
    "a list": ("- a\n- b\n", "is not a study"),
    "a number": ("3\n", "is not a study"),
    "a comment": ("# nothing\n", "is not a study"),
    "JSON cut short": ('{"name": "s", "datasets": [', "not valid YAML"),
    "two metrics": (STUDY + "metrics: [fid]\n", "'metrics' stands twice"),
    "two names": ("name: a\n" + STUDY, "'name' stands twice"),
    "equal keys in a protocol": (STUDY + "protocol: {fps: 25, fps: 30}\n", "'fps' stands twice"),
    "equal keys in options": (_generator("{fps: 25, fps: 30}"), "'fps' stands twice"),
    "equal keys deep down": (_generator("{x: {y: {z: 1, z: 2}}}"), "'z' stands twice"),
    "equal keys in quotes": (STUDY + "'metrics': [fid]\n", "'metrics' stands twice"),
    "billion laughs": (STUDY + TENFOLD, "unfolds to more than"),
    "billion laughs in options": (TENFOLD + _generator("{x: *a11}"), "unfolds to more than"),
    "merged laughs": ("a: &a {x: 1}\n" + "".join(f"b{i}: {{<<: *a}}\n" for i in range(30_000)), "unfolds to more"),
    "an anchor inside itself": (STUDY + "notes: &a [*a]\n", "contains itself"),
    "a mapping inside itself": (_generator("&a {x: *a}"), "contains itself"),
    "an alias of nothing": (STUDY + "notes: *a\n", "undefined alias"),
    "an anchor twice": (STUDY + "notes: [&a x, &a y, *a]\n", ""),
    "deep lists": (STUDY + "notes: " + "[" * 50_000, "nested deeper"),
    "deep mappings": (STUDY + "notes: " + "{a: " * 5_000, "nested deeper"),
    "deep lines": (STUDY + "notes:\n" + "".join(f"{' ' * d}-\n" for d in range(1, 400)), "nested deeper"),
    "longer than 1 MiB": (STUDY + "#" * (1 << 20), "longer than 1 MiB"),
    "many keys": (STUDY + "".join(f"k{i}: {i}\n" for i in range(30_000)), "more than 20,000|unknown key"),
    "two documents": (STUDY + "---\n" + STUDY, "single document"),
    "tabs": (STUDY + "notes:\n\t- x\n", "cannot start any token"),
    "NUL": (STUDY + "notes: [a\0]\n", r"U\+0000"),
    "escape byte": (STUDY + "notes: [a\x1b]\n", r"U\+001B"),
    "escape written": (STUDY + 'notes: ["\\e[31m"]\n', r"U\+001B"),
    "half a surrogate pair": (STUDY + 'notes: ["\\ud800"]\n', r"U\+D800"),
    "not UTF-8": (b"name: \xff\xfe\n" + STUDY.encode(), "not UTF-8"),
    "UTF-16": (STUDY.encode("utf-16"), "not UTF-8"),
    "UTF-32": (STUDY.encode("utf-32"), "not UTF-8|U\\+0000"),
    "random bytes": (bytes(range(256)) * 8, "not UTF-8"),
    "a PNG": (b"\x89PNG\r\n\x1a\n" + bytes(64), "not UTF-8"),
    "code": ("!!python/object/apply:os.system ['touch EXECUTED']\n", "has no place"),
    "code in options": (_generator("{fps: !!python/object/apply:os.system ['touch EXECUTED']}"), "has no place"),
    "code by name": (STUDY + "notes: [!!python/name:os.system x]\n", "has no place"),
    "a tag of its own": (STUDY + "notes: [!mine x]\n", "has no place"),
    "another YAML": ("%YAML 3.0\n---\n" + STUDY, "incompatible YAML"),
    "unknown key": (STUDY + "sead: 3\n", "Did you mean: seed"),
    "key of 10,000 letters": (STUDY + "x" * 900 + ": 3\n", "unknown key"),
    "a key that is no text": (STUDY + "3: 4\n", "no text"),
    "a key that is a list": (STUDY + "? [a]\n: b\n", "no text"),
    "no name": (STUDY.replace("name: s\n", ""), "'name' is missing"),
    "no metrics": (STUDY.replace("metrics: [mcd]\n", ""), "'metrics' is missing"),
    "metrics empty": (STUDY.replace("[mcd]", "[]"), "'metrics' must have at least 1 item"),
    "metrics null": (STUDY.replace("[mcd]", "null"), "'metrics' must be a list"),
    "metrics a word": (STUDY.replace("[mcd]", "mcd"), "'metrics' must be a list"),
    "metrics a mapping": (STUDY.replace("[mcd]", "{mcd: 1}"), "'metrics' must be a list"),
    "a metric that is a number": (STUDY.replace("[mcd]", "[3]"), "'metrics.0' must be a mapping"),
    "a metric of lists": (STUDY.replace("[mcd]", "[[mcd]]"), "'metrics.0' must be a mapping"),
    "a metric twice": (STUDY.replace("[mcd]", "[mcd, mcd]"), "names mcd twice"),
    "an unknown metric": (STUDY.replace("[mcd]", "[fdi]"), "Unknown metric 'fdi'.*Did you mean"),
    "an unknown generator": (STUDY.replace("[still]", "[stil]"), "Unknown generator 'stil'.*Did you mean"),
    "an unknown dataset": (_dataset("name: hdft, root: ."), "Unknown dataset 'hdft'.*Did you mean"),
    "a label that climbs": (_dataset("name: ../x, plugin: folder, root: ."), "names a folder"),
    "a label with a slash": (_dataset("name: a/b, plugin: folder, root: ."), "names a folder"),
    "a label with a blank": (_dataset("name: 'a b', plugin: folder, root: ."), "names a folder"),
    "a label of 300 letters": (_dataset(f"name: {'a' * 300}, plugin: folder, root: ."), "names a folder"),
    "labels that differ in case": (STUDY.replace("[still]", "[a, A]").replace("a, A", "still, Still"), "twice"),
    "an unknown key of a dataset": (_dataset("name: folder, rooot: ."), "Did you mean: root"),
    "no root": (_dataset("name: folder"), "has no root"),
    "a root that is not there": (STUDY, "there is no folder"),
    "a root that is empty": (_dataset("name: folder, root: ''"), "is empty"),
    "a root with NUL": (_dataset('name: folder, root: "a\\0b"'), r"U\+0000"),
    "a root of 5,000 letters": (_dataset(f"name: folder, root: {'x/' * 2500}"), "too long|there is no folder"),
    "a root of one long name": (_dataset(f"name: folder, root: {'x' * 300}"), "too long"),
    "a root of an unknown user": (_dataset("name: folder, root: ~nobody-at-all/x"), "not known here"),
    "a root that is a number": (_dataset("name: folder, root: 3"), "must be a path"),
    "a root that is a file": (_dataset("name: folder, root: s.yaml"), "folder"),
    "checkpoints that are not there": (_sweep("'x/*.pt'"), "match no file: there is no folder"),
    "checkpoints that never end": (_sweep("'/dev/zer*'"), "no regular file"),
    "checkpoints everywhere": (_sweep("'/**/*'"), "name each folder"),
    "checkpoints of 5,000 letters": (_sweep("x/" * 2500), "too long"),
    "clips: 0": (_dataset("name: folder, root: ., clips: 0"), "greater than or equal to 1"),
    "clips: -1": (_dataset("name: folder, root: ., clips: -1"), "greater than or equal to 1"),
    "clips: 1.5": (_dataset("name: folder, root: ., clips: 1.5"), "whole number"),
    "clips: many": (_dataset("name: folder, root: ., clips: many"), "whole number"),
    "clips: true": (_dataset("name: folder, root: ., clips: true"), "whole number"),
}  # fmt: skip
NUMBERS = {
    "fps": ("yes", "true", "'25'", "-1", "0", ".nan", ".inf", "1e999", "null", "[25]", "{a: 1}", "1_000", "241"),
    "sample_rate": ("16000.5", "'16000'", "on", "0", "-8000", "1e3", "999999"),
    "max_seconds": ("1:30", "-1", "0", ".inf", "true", "4000"),
    "min_seconds": ("-1", "no", "'1'", ".nan", "4000"),
    "reader": ("ffmpeg", "3", "null", "[pyav]"),
}
SEEDS = ("-1", "7.0", "true", "'7'", "x", "null", "9" * 5000, "99999999999999999999", "[7]", ".nan", "2026-01-01")
OPTIONS: dict[str, tuple[str, str]] = {
    "a misspelt option of a generator": (_generator("{fsp: 3}"), "has no option 'fsp'.*Did you mean: fps"),
    "a misspelt option of a metric": (_metric("{strid: 3}"), "has no option 'strid'.*Did you mean: stride"),
    "a misspelt option of a dataset": (
        _dataset("name: synthetic, options: {flavor: hdtf}"), "has no option 'flavor'.*Did you mean: flavour",
    ),
    "options that are a list": (_generator("[fps]"), "must be a mapping"),
    "options that are a word": (_generator("fps"), "must be a mapping"),
    "an option that is null": (_generator("{fps: null}"), "fps must be"),
    "an option that is a word": (_generator("{fps: fast}"), "fps must be a number"),
    "an option that is text": (_generator("{fps: '25'}"), "fps must be a number"),
    "an option that is true": (_generator("{fps: true}"), "fps must be a number"),
    "an option that is a list": (_generator("{fps: [25]}"), "fps must be a number"),
    "an option that is a date": (_generator("{fps: 2026-01-01}"), "fps must be a number"),
    "an option that is binary": (_generator("{fps: !!binary aGVsbG8=}"), "'binary' has no place"),
    "an option that is a set": (_generator("{fps: !!set {a, b}}"), "'set' has no place"),
    "an option that is pairs": (_generator("{fps: !!omap [a: 1]}"), "'omap' has no place"),
    "an option with number keys": (_generator("{fps: {1: 2}}"), "no text"),
    "an option of 5,000 digits": (_generator(f"{{fps: {'9' * 5000}}}"), "5,000 digits"),
    "an option out of range": (_generator("{fps: -1}"), "fps"),
    "an option that is infinite": (_generator("{fps: .inf}"), "fps must be a number"),
    "weight_paths of the user's": (_generator("{weight_paths: {}}", "cascade"), "has no option 'weight_paths'"),
    "a folder without a root": (_generator("{}", "folder"), "needs the option 'root'"),
    "a folder that is not there": (_generator("{root: nowhere}", "folder"), "nowhere"),
    "a folder with NUL": (_generator('{root: "a\\0"}', "folder"), r"U\+0000"),
    "a command without a template": (_generator("{}", "command"), "needs the option 'template'"),
    "a command without {out}": (_generator("{template: sh x}", "command"), "out"),
    "a command with {txt}": (_generator("{template: 'sh {txt} {out}'}", "command"), "txt"),
    "a command with an open quote": (_generator("{template: 'sh \" {out}'}", "command"), "template|quot"),
    "a command with a brace": (_generator("{template: 'sh { {out}'}", "command"), "template|brace|placeholder"),
    "a command that is empty": (_generator("{template: ''}", "command"), "template"),
    "a timeout of 0": (_generator("{template: 'sh {out}', timeout: 0}", "command"), "timeout"),
    "a cascade of 3 pixels": (_generator("{size: 3}", "cascade"), "size"),
    "a narrator of no preset": (_generator("{preset: huge}", "narrator"), "preset"),
    "a checkpoint that is not there": (_generator("{checkpoint: nowhere.safetensors}", "narrator"), "nowhere"),
    "a stride of -3": (_metric("{stride: -3}"), "stride"),
    "a stride of 0": (_metric("{stride: 0}"), "stride"),
    "a stride of 1.5": (_metric("{stride: 1.5}"), "stride must be a whole number"),
    "a width of 65": (_metric("{width: 65}"), "width must be"),
    "a region that is a nose": (_metric("{region: nose}"), "region must be 'frame' or 'face'"),
    "a step of 0": (_metric("{step: 0}", "fvd"), "step"),
    "frames of 1": (_metric("{frames: 1}", "fvd"), "frames"),
    "an alignment that is none": (_metric("{alignment: dwt}", "mcd"), "alignment must be"),
    "a metric of strange types": (_metric("{embedding: {x: 1}}", "fad-ge2e"), "The metric 'm'"),
    "types: 3": (_dataset("name: fakeavceleb, root: ., options: {types: 3}"), "types must be a list"),
    "types unknown": (_dataset("name: fakeavceleb, root: ., options: {types: [x]}"), "types"),
    "a flavour that is none": (_dataset("name: synthetic, options: {flavour: vanilla}"), "vanilla"),
    "no clips at all": (_dataset("name: synthetic, options: {clips: 0}"), "at least 1|clips"),
    "millions of clips": (_dataset("name: synthetic, options: {clips: 99999999}"), "clips"),
}  # fmt: skip


def _file(what: str) -> Callable[[Path], Arguments]:
    def make(folder: Path) -> Arguments:
        path = folder / "s.yaml"
        if what == "pipe":
            os.mkfifo(path)
        elif what == "folder":
            path.mkdir()
        elif what == "link to nowhere":
            path.symlink_to(folder / "nowhere")
        elif what == "link to itself":
            path.symlink_to(path)
        elif what == "link to an endless device":
            path.symlink_to("/dev/zero")
        return "run", path, "--out", folder / "run"

    return make


def cases() -> Iterator[Case]:
    """All of them."""
    for name, (text, says) in TEXTS.items():
        codes = (0, 2) if name == "an anchor twice" else (2,)
        yield Case("study", name, _study(text), codes, says)
    for field, values in NUMBERS.items():
        for value in values:
            text = STUDY + f"protocol: {{{field}: {value}}}\n"
            yield Case("study", f"{field}: {value}", _study(text), says=rf"protocol\.{field}|no finite number")
    for seed in SEEDS:
        make = _study(STUDY + f"seed: {seed}\n")
        yield Case("study", f"seed: {seed[:20]} of {len(seed)}", make, says="seed|5,000 digits")
    for name, (text, says) in OPTIONS.items():
        yield Case("option", name, _study(text), says=says)
    for what in ("pipe", "folder", "link to nowhere", "link to itself", "link to an endless device", "nothing"):
        yield Case("study", f"a file that is a {what}", _file(what), says="Cannot read the study")
