"""Command lines: what people mistype, and what scripts pass on unseen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from hostile.case import Arguments, Case

LONG = "x" * 5000


def _words(*words: str) -> Callable[[Path], Arguments]:
    return lambda folder: words


def _with_clips(*words: str) -> Callable[[Path], Arguments]:
    """Two folders, `real` and `generated`, that hold no clip; a file `file` in the way."""

    def make(folder: Path) -> Arguments:
        for name in ("real", "generated", "clips"):
            (folder / name).mkdir()
        (folder / "file").write_text("in the way")
        (folder / "s.yaml").write_text(
            "name: s\ndatasets: [{name: folder, root: clips}]\ngenerators: [still]\nmetrics: [mcd]\n"
        )
        return words

    return make


SCORE = ("score", "--real", "real", "--generated", "generated")
PLAIN: dict[str, tuple[tuple[str, ...], str]] = {
    "an unknown command": (("rnu", "demo"), "No such command 'rnu'"),
    "an empty command": (("",), "No such command"),
    "an unknown option": (("--nope",), "No such option"),
    "a command with escape bytes": (("\x1b[31m",), "No such command"),
    "a comparison of nothing": (("compare",), "Missing argument"),
    "a comparison with what is not there": (("compare", "a", "b"), "holds no results.json"),
    "a comparison with NUL": (("compare", "a\0b", "b"), r"U\+0000"),
    "a comparison of half a character": (("compare", "\udc80", "b"), r"U\+DC80"),
    "a comparison of a device": (("compare", "/dev/null", "/dev/zero"), "holds no results.json|no regular file"),
    "generators without a name": (("compare", "a", "--generators", ","), "--generators is a list of names"),
    "an unknown subcommand": (("metrics", "lst"), "No such command 'lst'"),
    "no study": (("run", "--out", "run"), "needs a study"),
    "no --out": (("run", "demo"), "Missing option '--out'"),
    "--out without a value": (("run", "demo", "--out"), "requires an argument"),
    "too many arguments": (("run", "demo", "x", "--out", "run"), "unexpected extra argument"),
    "a study that is not there": (("run", "nowhere.yaml", "--out", "run"), "Cannot read the study"),
    "a study that is empty text": (("run", "", "--out", "run"), "needs a study"),
    "a study with NUL": (("run", "a\0b", "--out", "run"), r"U\+0000"),
    "a study that is too long": (("run", LONG, "--out", "run"), "too long"),
    "a study of half a character": (("run", "\udc80", "--out", "run"), r"U\+DC80"),
    "a study of an unknown user": (("run", "~nobody-at-all/s.yaml", "--out", "run"), "not known here|Cannot read"),
    "workers -1": (("run", "demo", "--out", "run", "--workers", "-1"), "greater than or equal to 0"),
    "workers x": (("run", "demo", "--out", "run", "--workers", "x"), "--workers"),
    "workers 1.5": (("run", "demo", "--out", "run", "--workers", "1.5"), "--workers"),
    "shard 3/2": (("run", "demo", "--out", "run", "--shard", "3/2"), "is not i/n"),
    "shard 0/2": (("run", "demo", "--out", "run", "--shard", "0/2"), "is not i/n"),
    "shard x": (("run", "demo", "--out", "run", "--shard", "x"), "is not i/n"),
    "shard empty": (("run", "demo", "--out", "run", "--shard", ""), "is not i/n"),
    "shard with blanks": (("run", "demo", "--out", "run", "--shard", " 1 / 2 "), "is not i/n"),
    "shard of digits of another script": (("run", "demo", "--out", "run", "--shard", "²/2"), "is not i/n"),
    "device quantum": (("run", "demo", "--out", "run", "--device", "quantum"), "--device 'quantum'"),
    "device cuda:99": (("run", "demo", "--out", "run", "--device", "cuda:99"), "--device 'cuda:99'"),
    "device with NUL": (("run", "demo", "--out", "run", "--device", "a\0"), "--device"),
    "report of nowhere": (("report", "nowhere"), "holds no results.json|Cannot read"),
    "report of empty text": (("report", ""), "empty|holds no results"),
    "report of NUL": (("report", "a\0b"), r"U\+0000|holds no results"),
    "report of a long path": (("report", LONG), "too long|holds no results"),
    "table2 of nowhere": (("paper", "table2", "nowhere"), "Cannot read the results"),
    "table2 of NUL": (("paper", "table2", "a\0"), r"U\+0000"),
    "verify of no dataset": (("data", "verify"), "Missing argument"),
    "verify ../x": (("data", "verify", "../x"), r"Unknown dataset '\.\./x'"),
    "verify of empty text": (("data", "verify", ""), "Unknown dataset ''"),
    "verify 'f id'": (("data", "verify", "f id"), "Unknown dataset 'f id'"),
    "verify with escape bytes": (("data", "verify", "\x1b]0;x\x07"), "Unknown dataset"),
    "verify of half a character": (("data", "verify", "\udcff"), "Unknown dataset"),
    "verify of 5,000 letters": (("data", "verify", LONG), "Unknown dataset"),
    "verify without a root": (("data", "verify", "hdtf"), "has no root"),
    "verify of nowhere": (("data", "verify", "hdtf", "nowhere"), "there is no folder"),
    "verify of an empty root": (("data", "verify", "hdtf", ""), "empty"),
    "verify of a root with NUL": (("data", "verify", "hdtf", "a\0"), r"U\+0000"),
    "verify of a root of an unknown user": (("data", "verify", "hdtf", "~nobody-at-all"), "not known here"),
    "verify of a root too long": (("data", "verify", "hdtf", LONG), "too long"),
    "verify with limit 0": (("data", "verify", "hdtf", ".", "--limit", "0"), "--limit"),
    "option without =": (("data", "verify", "hdtf", ".", "--option", "x"), "is not NAME=VALUE"),
    "option without a name": (("data", "verify", "hdtf", ".", "--option", "=x"), "is not NAME=VALUE"),
    "option x=[": (("data", "verify", "hdtf", ".", "--option", "x=["), "not valid YAML"),
    "option x=*a": (("data", "verify", "hdtf", ".", "--option", "x=*a"), "not valid YAML"),
    "option with code": (
        ("data", "verify", "hdtf", ".", "--option", "x=!!python/object/apply:os.system ['touch EXECUTED']"),
        "has no place",
    ),
    "option with NUL": (("data", "verify", "hdtf", ".", "--option", "x=\0"), r"U\+0000"),
    "option twice": (("data", "verify", "synthetic", "--option", "seed=1", "--option", "seed=2"), "given twice"),
    "option types=3": (("data", "verify", "fakeavceleb", ".", "--option", "types=3"), "types must be a list"),
    "option unknown": (("data", "verify", "hdtf", ".", "--option", "split=x"), "has no option 'split'"),
    "option of 5,000 digits": (("data", "verify", "synthetic", "--option", "seed=" + "9" * 5000), "5,000 digits"),
    "prepare of nothing": (("data", "prepare", "nope"), "Unknown dataset 'nope'"),
    "weights of no name": (("weights", "fetch", "nope"), "No weights are called|nope"),
    "weights of empty text": (("weights", "fetch", ""), "No weights are called"),
    "a checkpoint that is not there": (("checkpoint", "inspect", "nowhere.pth"), "no checkpoint file"),
    "a checkpoint that is a folder": (("checkpoint", "inspect", "."), "no regular file|no checkpoint file"),
    "a checkpoint of empty text": (("checkpoint", "inspect", ""), "empty"),
    "a checkpoint with NUL": (("checkpoint", "inspect", "a\0"), r"U\+0000"),
    "an endless checkpoint": (("checkpoint", "inspect", "/dev/zero"), "no regular file"),
}  # fmt: skip
FOLDERS: dict[str, tuple[tuple[str, ...], str]] = {
    "--out empty": (("run", "s.yaml", "--out", ""), "--out is empty"),
    "--out blank": (("run", "s.yaml", "--out", "  "), "--out is empty"),
    "--out with NUL": (("run", "s.yaml", "--out", "a\0b"), r"U\+0000"),
    "--out with escape bytes": (("run", "s.yaml", "--out", "\x1b[31m"), r"U\+001B"),
    "--out of half a character": (("run", "s.yaml", "--out", "\udc80"), r"U\+DC80"),
    "--out too long": (("run", "s.yaml", "--out", "x" * 300), "too long"),
    "--out of an unknown user": (("run", "s.yaml", "--out", "~nobody-at-all/run"), "not known here"),
    "--out is a file": (("run", "s.yaml", "--out", "file"), "Cannot write to the run folder"),
    "--out below a file": (("run", "s.yaml", "--out", "file/run"), "Cannot write to the run folder"),
    "--out in /proc": (("run", "s.yaml", "--out", "/proc/run"), "Cannot write to the run folder"),
    "demo --out empty": (("demo", "--out", ""), "--out is empty"),
    "demo --out is a file": (("demo", "--out", "file"), "Cannot write to the run folder"),
    "a dataset without clips": (("run", "s.yaml", "--out", "run"), "no video file lies below it"),
    "no metric": ((*SCORE, "--metrics", ""), "names no metric|--metrics"),
    "commas for metrics": ((*SCORE, "--metrics", ",,"), "names no metric|--metrics"),
    "a metric that nobody knows": ((*SCORE, "--metrics", "fdi"), "Unknown metric 'fdi'"),
    "a metric with a blank": ((*SCORE, "--metrics", "f id"), "Unknown metric 'f id'"),
    "a metric that climbs": ((*SCORE, "--metrics", "../x"), "Unknown metric"),
    "a metric with escape bytes": ((*SCORE, "--metrics", "\x1b[31m"), "Unknown metric"),
    "stride=[": ((*SCORE, "--metrics", "fid:stride=["), "not valid YAML"),
    "stride without =": ((*SCORE, "--metrics", "fid:stride"), "is not NAME"),
    "stride of nothing": ((*SCORE, "--metrics", "fid:stride="), "stride must be a whole number"),
    "stride of words": ((*SCORE, "--metrics", "fid:stride=ten"), "stride must be a whole number"),
    "stride below 0": ((*SCORE, "--metrics", "fid:stride=-3"), "stride"),
    "stride twice": ((*SCORE, "--metrics", "fid:stride=1:stride=2"), "given twice"),
    "one metric twice": ((*SCORE, "--metrics", "mcd,mcd"), "twice"),
    "a nose": ((*SCORE, "--metrics", "fid:region=nose"), "region must be 'frame' or 'face'"),
    "an unknown option of a metric": ((*SCORE, "--metrics", "fid:strid=2"), "has no option 'strid'"),
    "code in an option": ((*SCORE, "--metrics", "fid:stride=!!python/name:os.system x"), "has no place|is not NAME"),
    "--real empty": (("score", "--real", "", "--generated", "generated"), "--real is empty"),
    "--generated empty": (("score", "--real", "real", "--generated", ""), "--generated is empty"),
    "--real with NUL": (("score", "--real", "a\0", "--generated", "generated"), r"U\+0000"),
    "--real is a file": (("score", "--real", "file", "--generated", "generated"), "folder"),
    "--real is nowhere": (("score", "--real", "nowhere", "--generated", "generated"), "no folder"),
    "--generated is nowhere": (("score", "--real", "real", "--generated", "nowhere"), "nowhere|holds no"),
    "--real holds nothing": (SCORE, "holds no"),
    "--cache is a file": ((*SCORE, "--cache", "file"), "Cannot write to the cache"),
    "--cache below a file": ((*SCORE, "--cache", "file/x"), "Cannot write to the cache"),
    "--cache empty": ((*SCORE, "--cache", ""), "--cache is empty"),
    "--cache with NUL": ((*SCORE, "--cache", "a\0"), r"U\+0000"),
    "--max-seconds x": ((*SCORE, "--max-seconds", "x"), "--max-seconds"),
    "--max-seconds 0": ((*SCORE, "--max-seconds", "0"), "--max-seconds"),
    "--max-seconds nan": ((*SCORE, "--max-seconds", "nan"), "max-seconds"),
    "--max-seconds inf": ((*SCORE, "--max-seconds", "inf"), "max-seconds"),
    "--max-seconds 1e9": ((*SCORE, "--max-seconds", "1e9"), "max-seconds"),
}  # fmt: skip
RANKS: dict[str, dict[str, str]] = {
    "RANK=x": {"RANK": "x"},
    "RANK empty": {"RANK": ""},
    "RANK of 5,000 digits": {"RANK": "9" * 5000},
    "RANK=-1": {"RANK": "-1", "WORLD_SIZE": "2"},
    "RANK beyond WORLD_SIZE": {"RANK": "2", "WORLD_SIZE": "2"},
    "WORLD_SIZE=x": {"RANK": "0", "WORLD_SIZE": "x"},
}


def cases() -> Iterator[Case]:
    """All of them."""
    for name, (words, says) in PLAIN.items():
        yield Case("command line", name, _words(*words), says=says)
    for name, (words, says) in FOLDERS.items():
        yield Case("command line", name, _with_clips(*words), says=says)
    for name, environment in RANKS.items():
        run = _with_clips("run", "s.yaml", "--out", "run")
        yield Case("command line", name, run, says="RANK|WORLD_SIZE", environment=environment)
    for words in (("version",), ("--help",), ("metrics", "list", "--json"), ("data", "list"), ("paper", "table1")):
        yield Case("command line", " ".join(words), _words(*words), codes=(0,))
