"""What a program starts ends with it; where it runs, what it leaves, and the README's example."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from baselines.command import Command
from narrator.contract import GenerationFailed, Prompt, ReadsFiles

ROOT = Path(__file__).resolve().parents[2]
PYTHON = shlex.quote(sys.executable)

STRAYS = """
import os, subprocess, sys, time
code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(300)"
pids = []
for session in (False, True):
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=session)
    child.stdout.readline()
    pids.append(child.pid)
reading, writing = os.pipe()
if os.fork() == 0:  # a daemon, the classic way
    os.setsid()
    if os.fork() == 0:
        os.write(writing, str(os.getpid()).encode())
        time.sleep(300)
    os._exit(0)
pids.append(int(os.read(reading, 99)))
open(os.environ["PIDS"], "w").write(" ".join(map(str, pids)) + "\\n")
"""


def gone(pid: int) -> bool:
    """Whether a process has ended; one that waits to be reaped counts."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def pids_in(path: Path) -> list[int]:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if path.exists() and (text := path.read_text()).endswith("\n"):
            return [int(word) for word in text.split()]
        time.sleep(0.05)
    raise AssertionError("the program did not start its children")


def all_gone(pids: list[int]) -> bool:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        if all(map(gone, pids)):
            return True
        time.sleep(0.05)
    return False


def script(folder: Path, code: str) -> Path:
    path = folder / "program.py"
    path.write_text(textwrap.dedent(code))
    return path


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


@pytest.mark.parametrize("end", ["time limit", "success", "failure"])
def test_children_in_sessions_of_their_own_end_with_the_program(
    tmp_path: Path, make_prompt: Callable[..., Prompt], monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setenv("PIDS", str(tmp_path / "pids"))
    last = {
        "time limit": "time.sleep(300)",
        "success": "open(sys.argv[1], 'w').write('clip')",
        "failure": "sys.exit(3)",
    }
    script(tmp_path, STRAYS + last[end])
    command = Command(f"{PYTHON} program.py {{out}}", timeout=5, study_folder=tmp_path)
    if end == "success":
        assert command(make_prompt()).path.read_text() == "clip"
    else:
        with pytest.raises(GenerationFailed, match=r"killed after 5 s|exited with status 3"):
            command(make_prompt())
    assert all_gone(pids_in(tmp_path / "pids"))


def test_all_ends_when_this_process_is_killed(tmp_path: Path, temporary: Path) -> None:
    script(tmp_path, STRAYS + "print(os.getpid()); time.sleep(300)")
    caller = f"""
        import numpy as np
        from baselines.command import Command
        from narrator.contract import Prompt, Voice
        voice = Voice(np.full(16_000, 0.1, np.float32), 16_000)
        prompt = Prompt("a", "Hello.", np.zeros((8, 8, 3), np.uint8), voice, 1)
        Command({f"{PYTHON} program.py {{out}}"!r}, study_folder={str(tmp_path)!r})(prompt)
    """
    environment = os.environ | {"PIDS": str(tmp_path / "pids"), "TMPDIR": str(temporary), "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(caller)], env=environment) as process:
        pids = pids_in(tmp_path / "pids")
        assert list(temporary.iterdir())
        assert not any(map(gone, pids))
        process.send_signal(signal.SIGKILL)
    assert all_gone(pids)
    deadline = time.monotonic() + 15
    while list(temporary.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not list(temporary.iterdir())


def test_the_prompt_s_folder_is_handed_over_to_be_removed(
    tmp_path: Path, temporary: Path, make_prompt: Callable[..., Prompt]
) -> None:
    script(tmp_path, "import sys; open(sys.argv[1], 'w').write('clip')")
    clip = Command(f"{PYTHON} program.py {{out}}", study_folder=tmp_path)(make_prompt())
    assert clip.temporary is not None
    assert clip.path.is_relative_to(clip.temporary)
    assert list(temporary.iterdir()) == [clip.temporary]
    kept = Command(f"{PYTHON} program.py {{out}}", work="kept", study_folder=tmp_path)(make_prompt())
    assert kept.temporary is None
    assert kept.path.is_relative_to(tmp_path / "kept")
    assert {path.name for path in kept.path.parent.iterdir()} == {
        "image.png", "log.txt", "out.mp4", "text.txt", "voice.wav"
    }  # fmt: skip


def test_a_failure_leaves_nothing_but_its_reason(
    tmp_path: Path, temporary: Path, make_prompt: Callable[..., Prompt]
) -> None:
    script(tmp_path, "import sys; sys.exit('no checkpoint')")
    with pytest.raises(GenerationFailed, match="status 1; it printed: no checkpoint"):
        Command(f"{PYTHON} program.py {{out}}", study_folder=tmp_path)(make_prompt())
    assert not list(temporary.iterdir())


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("os.mkfifo(out)", "no regular file"),
        ("os.mkdir(out)", "a folder"),
        ("open('elsewhere.mp4', 'w').write('clip'); os.symlink(os.path.abspath('elsewhere.mp4'), out)", "a link"),
        ("os.symlink('/dev/zero', out)", "a link"),
        ("os.symlink('nowhere', out)", "a link"),
        ("shutil.rmtree(os.path.dirname(out))", "wrote no file"),
        ("os.fork() or (time.sleep(3), open(out, 'w').write('late'))", "left 1 process"),
        ("print('x' * 10**6 + chr(27) * 50 + chr(0x202e))", "wrote no file"),
    ],
)
def test_odd_outputs_are_reasons(tmp_path: Path, make_prompt: Callable[..., Prompt], code: str, reason: str) -> None:
    script(tmp_path, f"import os, shutil, sys, time; out = sys.argv[1]; {code}")
    with pytest.raises(GenerationFailed, match=reason) as caught:
        Command(f"{PYTHON} program.py {{out}}", study_folder=tmp_path)(make_prompt())
    assert len(str(caught.value)) < 700
    assert str(caught.value).isprintable()


def test_relative_programs_and_files_are_the_study_s(tmp_path: Path, make_prompt: Callable[..., Prompt]) -> None:
    tool = tmp_path / "tool.sh"
    tool.write_text('#!/bin/sh\ncat "$1" "$2" > "$3"\n')
    tool.chmod(0o755)
    (tmp_path / "weights.txt").write_text("weights,")
    for program in ("./tool.sh", "{study}/tool.sh"):
        command = Command(f"{program} weights.txt {{study}}/weights.txt {{out}}", study_folder=tmp_path)
        assert command(make_prompt()).path.read_text() == "weights,weights,"


def test_program_and_files_of_the_template_are_inputs(tmp_path: Path, make_prompt: Callable[..., Prompt]) -> None:
    for name in ("infer.py", "conf.yaml", "w.pth", "fine.pth"):
        (tmp_path / name).write_text(name)
    command = Command(
        f"{PYTHON} infer.py --conf=conf.yaml {{study}}/w.pth --fine={{study}}/fine.pth --size 512 {{text}} {{out}}",
        study_folder=tmp_path,
    )
    assert isinstance(command, ReadsFiles)
    inputs = command.inputs(make_prompt(text="conf.yaml"))
    assert inputs[0].samefile(sys.executable)
    assert [path.name for path in inputs[1:]] == ["infer.py", "conf.yaml", "w.pth", "fine.pth"]
    assert all(path.is_absolute() for path in inputs)


def test_the_readme_s_example_works(
    tmp_path: Path, make_prompt: Callable[..., Prompt], monkeypatch: pytest.MonkeyPatch
) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (template,) = re.findall(r'plugin: command, options: \{template: "([^"]+)"', readme)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    code = """
        import argparse, shutil
        parser = argparse.ArgumentParser()
        for name in ("text", "face", "voice", "out"):
            parser.add_argument("--" + name, required=True)
        given = parser.parse_args()
        assert given.text and open(given.voice, "rb").read(4) == b"RIFF"
        shutil.copyfile(given.face, given.out)
    """
    (tmp_path / "infer.py").write_text(textwrap.dedent(code))
    clip = Command(template, study_folder=tmp_path)(make_prompt(text='It\'s "new" & -odd'))
    assert clip.path.read_bytes()[:4] == b"\x89PNG"


def test_a_checkpoint_is_a_part_of_the_command_line(tmp_path: Path) -> None:
    weights = tmp_path / "step 1.pt"
    weights.touch()
    command = Command(
        f"{PYTHON} -m infer --weights={{checkpoint}} {{out}}", checkpoint="step 1.pt", study_folder=tmp_path
    )
    assert weights in command._template.files()
    assert command._template.fill({"out": "o"})[3:] == [f"--weights={weights}", "o"]
    for template, checkpoint in ((f"{PYTHON} {{out}}", str(weights)), (f"{PYTHON} {{checkpoint}} {{out}}", None)):
        with pytest.raises(ValueError, match="need each other"):
            Command(template, checkpoint=checkpoint)
    with pytest.raises(ValueError, match="there is no such file"):
        Command(f"{PYTHON} {{checkpoint}} {{out}}", checkpoint="step2.pt", study_folder=tmp_path)
