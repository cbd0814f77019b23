"""`narrator-bench gate` as it is installed: exit codes, what it prints and writes, and the recipes of docs/gate.md."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from junitparser import Error, Failure, JUnitXml
from support.gated_runs import gated_run

from bench.gating.rules import read_rules
from reports.gate import GateResult, Judged
from reports.gate_tables import MARKDOWN_BYTES, gate_markdown
from reports.junit import junit

ROOT = Path(__file__).resolve().parents[2]
COMMAND = Path(sys.executable).with_name("narrator-bench")
DOCS = ROOT / "docs/gate.md"
RAW = "\x1b[31m \u202e <b>&\"' | `c` ]]> \ufffe \ud800"
Cli = Callable[..., Any]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with a reference and runs that differ from it by nothing, by noise, for the worse, and in protocol."""
    for name, run in {
        "same": gated_run(0),
        "noisy": gated_run(1),
        "worse": gated_run(1, worse={"mcd": 0.8, "stoi": 0.05}),
        "other": gated_run(0, protocol={"fps": 25.0, "crf": 23}),
    }.items():
        run.write(tmp_path / name / "results.json")
    return tmp_path


@pytest.fixture
def reference(home: Path, cli: Cli) -> Path:
    assert cli("gate", home / "same", "--against", home / "reference.json", "--update").code == 0
    return home / "reference.json"


def installed(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "400"}
    command = [str(COMMAND), *map(str, arguments)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("run", "code", "says"),
    [
        ("same", 0, "Holds: 0 regressions, 0 not measured, 6 hold."),
        ("noisy", 0, "Holds: "),
        ("worse", 1, "Regression: 4 regressions, 0 not measured, 2 hold."),
        ("other", 3, "Not measured: 0 regressions, 6 not measured, 0 hold."),
    ],
)
def test_exit_codes_of_the_installed_command(run: str, code: int, says: str, home: Path, reference: Path) -> None:
    outcome = installed(home, "gate", run, "--against", reference.name)
    assert (outcome.returncode, outcome.stderr) == (code, "")
    assert says in outcome.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("same", "--against", "nowhere.json"), "writes one."),
        (("nowhere", "--against", "reference.json"), "nowhere is no folder"),
        ((".", "--against", "reference.json"), "Cannot read the results"),
        (("same", "--against", "same/results.json"), "is no reference of this version (schema 3, not 1)"),
        (("same", "--against", "same"), "a folder"),
        (("same",), "--against"),
        (("same", "--against", "reference.json", "--rules", "nowhere.yaml"), "Cannot read the rules"),
        (("same", "--against", "reference.json", "--junit", "reference.json"), "name the same file"),
        (("same", "--against", "same/results.json", "--update"), "is no reference"),
        (("same", "--against", "reference.json", "--update", "--json"), "leave out"),
    ],
)
def test_mistakes_end_with_exit_code_2(
    arguments: tuple[str, ...], says: str, home: Path, reference: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home)
    before = reference.read_bytes()
    outcome = cli("gate", *arguments)
    assert outcome.code == 2
    assert says in outcome.err
    assert outcome.err.count("\n") == 1
    assert reference.read_bytes() == before


def test_a_mistake_of_the_installed_command(home: Path, reference: Path) -> None:
    reference.write_text(reference.read_text().replace('"value": 33', '"value": 99'))
    outcome = installed(home, "gate", "same", "--against", reference.name)
    assert outcome.returncode == 2
    assert re.fullmatch(r"narrator-bench: .* the numbers by clip have a mean of .*\n", outcome.stderr)


def test_json_junit_and_markdown_say_the_same(home: Path, reference: Path, cli: Cli) -> None:
    told = ("--junit", home / "out/gate.xml", "--markdown", home / "out/gate.md", "--json")
    outcome = cli("gate", home / "worse", "--against", reference, *told)
    assert outcome.code == 1
    found = json.loads(outcome.out)
    assert (found["verdict"], found["exit_code"]) == ("regression", 1)
    assert found["counts"] == {"regression": 4, "not measured": 0, "holds": 2}
    assert found["cells"][0]["n"] == 40
    suites = ElementTree.parse(home / "out/gate.xml").getroot()
    failed = [
        f"{case.get('classname')}.{case.get('name')}"
        for case in suites.iter("testcase")
        if case.find("failure") is not None
    ]
    regressions = [c for c in found["cells"] if c["verdict"] == "regression"]
    assert sorted(failed) == sorted(f"{c['dataset']}.{c['generator']}.{c['metric']}" for c in regressions)
    text = (home / "out/gate.md").read_text()
    assert text.startswith("### narrator-bench gate: regression\n")
    assert all(cell["reason"].partition(",")[0] in text for cell in regressions)


def test_another_programs_reader_counts_the_same(home: Path, reference: Path, cli: Cli) -> None:
    outcome = cli("gate", home / "worse", "--against", reference, "--junit", home / "gate.xml", "--json")
    verdicts = [cell["verdict"] for cell in json.loads(outcome.out)["cells"]]
    suites = JUnitXml.fromfile(str(home / "gate.xml"))
    results = [result for suite in suites for case in suite for result in case.result]
    assert sum(isinstance(result, Failure) for result in results) == verdicts.count("regression") > 0
    assert sum(isinstance(result, Error) for result in results) == verdicts.count("not measured")
    assert suites.tests == sum(suite.tests for suite in suites) >= len(verdicts)


def test_junit_has_what_its_readers_require(home: Path, reference: Path, cli: Cli) -> None:
    """As the schemas of Jenkins and Surefire have it: names, counts that add up, messages and types."""
    for run in ("worse", "other", "same"):
        cli("gate", home / run, "--against", reference, "--junit", home / "gate.xml")
        root = ElementTree.parse(home / "gate.xml").getroot()
        assert root.tag == "testsuites"
        assert [suite.tag for suite in root] == ["testsuite"] * 2
        for suite in (root, *root):
            cases = list(suite.iter("testcase"))
            for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
                assert int(suite.attrib[name]) == sum(case.find(tag) is not None for case in cases)
            assert int(suite.attrib["tests"]) == len(cases)
            assert {"name", "time"} <= suite.attrib.keys()
        for case in root.iter("testcase"):
            assert set(case.attrib) == {"classname", "name", "time"}
            for told in (*case.findall("failure"), *case.findall("error")):
                assert told.get("message")
                assert told.get("type") in ("regression", "not measured")
    first = (home / "gate.xml").read_bytes()
    cli("gate", home / "same", "--against", reference, "--junit", home / "gate.xml")
    assert (home / "gate.xml").read_bytes() == first


def test_whatever_names_hold_is_shown_and_never_obeyed() -> None:
    cell = Judged(RAW, RAW, RAW, "regression", RAW, RAW, 1.0, 2.0)
    result = GateResult(RAW, RAW, 0.01, (cell,))
    case = next(ElementTree.fromstring(junit(result).encode()).iter("testcase"))
    assert case.get("name", "").startswith("[U+001B][31m [U+202E] <b>&\"' | `c` ]]>")
    assert "\x1b" not in gate_markdown(result)
    assert "<b>" not in gate_markdown(result)


def test_the_summary_fits_into_a_comment() -> None:
    cells = [Judged("d", "g", f"m{number}", "not measured", "x" * 200) for number in range(1000)]
    text = gate_markdown(GateResult("s", "r", 0.01, tuple(cells)))
    assert MARKDOWN_BYTES - 1000 < len(text) < 65_536
    assert re.search(r"\d+ cells are left out here", text)


def test_update_tells_what_it_changes_and_writes_nothing_new_for_the_same_run(
    home: Path, reference: Path, cli: Cli
) -> None:
    before = reference.read_bytes()
    assert cli("gate", home / "same", "--against", reference, "--update").out.splitlines() == [
        f"Reference: {reference}, 6 cells."
    ]
    assert reference.read_bytes() == before
    (home / "rules.yaml").write_text("metrics: [mcd]\n")
    told = cli("gate", home / "noisy", "--against", reference, "--rules", home / "rules.yaml", "--update").out
    assert told.count("removed: ") == 4
    assert told.count("changed: ") == 2
    assert cli("gate", home / "noisy", "--against", reference, "--rules", home / "rules.yaml").code == 0
    assert cli("gate", home / "noisy", "--against", reference).code == 3
    assert sorted(path.name for path in home.iterdir() if path.is_file()) == ["reference.json", "rules.yaml"]


def test_it_needs_neither_torch_nor_pandas(home: Path, reference: Path) -> None:
    program = (
        "import sys; from bench.cli.app import invoke; assert invoke() == 1\n"
        "print([name for name in ('torch', 'torchmetrics', 'pandas', 'scipy.stats') if name in sys.modules])"
    )
    command = ("gate", "worse", "--against", reference.name, "--junit", "a.xml", "--markdown", "b.md")
    done = subprocess.run(
        [sys.executable, "-c", program, *command], cwd=home, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def recipes(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", DOCS.read_text(), re.MULTILINE | re.DOTALL)


def gate_commands() -> list[str]:
    """Every line of the documentation's recipes that calls the gate, as a shell reads it."""
    shell = "".join(recipes("sh"))
    for text in recipes("yaml"):
        content = yaml.safe_load(text)
        jobs = content.get("jobs", {}).values() if isinstance(content, dict) else ()
        shell += "".join(step.get("run", "") + "\n" for job in jobs for step in job["steps"])
        if isinstance(content, dict) and "gate" in content:
            shell += "\n".join(content["gate"]["script"]) + "\n"
    found = re.findall(r"^narrator-bench gate .*$", shell.replace("\\\n", " "), re.MULTILINE)
    return list(dict.fromkeys(found))


@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a shell")
def test_the_commands_of_the_documentation_run(home: Path) -> None:
    commands = gate_commands()
    assert len(commands) >= 3
    shutil.copytree(home / "same", home / "runs/nightly")
    (home / "gate").mkdir()
    (home / "gate/rules.yaml").write_text(next(text for text in recipes("yaml") if text.startswith("significance:")))
    environment = {**os.environ, "PATH": f"{COMMAND.parent}{os.pathsep}{os.environ['PATH']}"}
    update = next(command for command in commands if "--update" in command)
    for command in (update, *commands):
        done = subprocess.run(
            ["sh", "-ec", command], cwd=home, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


def test_the_rules_of_the_documentation_are_rules(tmp_path: Path) -> None:
    for number, text in enumerate(text for text in recipes("yaml") if text.startswith("significance:")):
        path = tmp_path / f"rules{number}.yaml"
        path.write_text(text)
        assert read_rules(path).rules
