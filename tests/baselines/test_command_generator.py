"""Any program as a generator, with real processes: hostile text, failures, time limits, too much output."""

from __future__ import annotations

import json
import os
import shlex
import sys
import time
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from baselines.command import Command
from narrator.contract import GenerationFailed, Prompt

ECHO = "import json, sys; open(sys.argv[1], 'w').write(json.dumps(sys.argv[2:]))"


def template(code: str, *arguments: str) -> str:
    return " ".join(
        [shlex.quote(sys.executable), "-c", shlex.quote(code.replace("{", "{{").replace("}", "}}")), *arguments]
    )


def gone(pid: int) -> bool:
    """Whether a process has ended; one that waits to be reaped counts."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


HOSTILE = [
    "$(touch owned) `touch owned`; touch owned",
    'it\'s "quoted"\nand\\broken',
    "-rf --out=/",
    "{out} {{seed}} %s",
    "é😀",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_one_intact_argument(tmp_path: Path, make_prompt: Callable[..., Prompt], text: str) -> None:
    command = Command(template(ECHO, "{out}", "{text}", "--text={text}", "{seed}"), work=tmp_path)
    clip = command(make_prompt(text=text, seed=7))
    assert json.loads(clip.path.read_text()) == [text, f"--text={text}", "7"]
    assert not list(tmp_path.rglob("owned"))
    assert clip.seconds["program"] > 0


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_any_text_arrives(tmp_path: Path, make_prompt: Callable[..., Prompt], text: str) -> None:
    clip = Command(template(ECHO, "{out}", "{text}"), work=tmp_path)(make_prompt(text=text))
    assert json.loads(clip.path.read_text()) == [text]


def test_inputs_are_ordinary_files(tmp_path: Path, make_prompt: Callable[..., Prompt]) -> None:
    prompt = make_prompt(text="Spoken\nwords", key="grid/../s1 ü")
    clip = Command(template(ECHO, "{out}", "{text_file}", "{image}", "{voice}", "{key}"), work=tmp_path)(prompt)
    text_file, image, voice, key = json.loads(clip.path.read_text())
    assert Path(text_file).read_text(encoding="utf-8") == "Spoken\nwords"
    assert (np.asarray(Image.open(image)) == prompt.image).all()
    with wave.open(voice) as file:
        pcm = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        assert file.getframerate() == prompt.voice.sample_rate
    assert np.abs(pcm / 32767 - prompt.voice.waveform).max() < 1e-4
    assert key == prompt.key
    assert clip.path.is_relative_to(tmp_path)


def test_failure_carries_status_and_last_words(tmp_path: Path, make_prompt: Callable[..., Prompt]) -> None:
    code = "import sys; print('x' * 9999); sys.exit('no checkpoint')"
    command = Command(template(code, "{out}"), work=tmp_path)
    with pytest.raises(GenerationFailed, match=r"exited with status 1; it printed: x+ no checkpoint") as caught:
        command(make_prompt())
    assert len(str(caught.value)) < 600
    assert len(next(tmp_path.rglob("log.txt")).read_text()) > 9999


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import sys; sys.exit(3)", "status 3; it printed nothing"),
        ("import os; os.abort()", "signal 6"),
        ("pass", r"wrote no file \{out\}"),
        ("import sys; open(sys.argv[1], 'w')", "empty file"),
        ("import sys; open(sys.argv[1], 'wb').write(bytes(2_000_000))", r"out\.mp4 grew to 2,000,000 bytes"),
        ("while True: print('x' * 100_000)", r"log\.txt grew to"),
    ],
)
def test_bad_programs_are_counted_failures(
    tmp_path: Path, make_prompt: Callable[..., Prompt], code: str, reason: str
) -> None:
    with pytest.raises(GenerationFailed, match=reason):
        Command(template(code, "{out}"), work=tmp_path, max_bytes=1_000_000, timeout=30)(make_prompt())


def test_time_limit_ends_the_program_and_its_children(tmp_path: Path, make_prompt: Callable[..., Prompt]) -> None:
    child = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    )
    code = (
        "import subprocess, sys, time;"
        f"c = subprocess.Popen([sys.executable, '-c', {child!r}], stdout=subprocess.PIPE); c.stdout.readline();"
        "print(c.pid, flush=True); time.sleep(60)"
    )
    start = time.monotonic()
    with pytest.raises(GenerationFailed, match=r"killed after 2 s; it printed: \d+"):
        Command(template(code, "{out}"), work=tmp_path, timeout=2)(make_prompt())
    assert time.monotonic() - start < 20
    pid = int(next(tmp_path.rglob("log.txt")).read_text())
    deadline = time.monotonic() + 5
    while not gone(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert gone(pid)


def test_an_old_output_does_not_pass_for_a_new_one(tmp_path: Path, make_prompt: Callable[..., Prompt]) -> None:
    code = "import os, sys; os.environ.get('WRITE') and open(sys.argv[1], 'w').write('clip')"
    command = Command(template(code, "{out}"), work=tmp_path)
    os.environ["WRITE"] = "1"
    try:
        assert command(make_prompt()).path.read_text() == "clip"
    finally:
        del os.environ["WRITE"]
    with pytest.raises(GenerationFailed, match="wrote no file"):
        command(make_prompt())


def test_a_program_that_cannot_be_started(tmp_path: Path, make_prompt: Callable[..., Prompt]) -> None:
    for missing in ("no-such-program", "./no-such-program", "{study}/no-such-program"):
        with pytest.raises(ValueError, match=r"no-such-program' cannot be started: there is no such executable file"):
            Command(f"{missing} {{out}}", study_folder=tmp_path)
    broken = tmp_path / "broken"
    broken.write_text("#!/no/such/interpreter\n")
    broken.chmod(0o755)
    with pytest.raises(GenerationFailed, match="broken' cannot be started"):
        Command("./broken {out}", study_folder=tmp_path)(make_prompt())
    with pytest.raises(GenerationFailed, match="null byte"):
        Command("echo {out} {text}", work=tmp_path)(make_prompt(text="a\0b"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("talk {txet} {out}", r"unknown placeholder \{txet\}\. Did you mean \{text\}\?"),
        ("talk {text.__class__} {out}", "unknown placeholder"),
        ("talk {text!r} {out}", "unknown placeholder"),
        ("talk {} {out}", "unknown placeholder"),
        ("talk {text}", r"no \{out\}"),
        ("talk 'open {out}", "No closing quotation"),
        ("talk {out", "cannot be read"),
        ("", "empty"),
    ],
)
def test_bad_templates_are_refused_at_once(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Command(text)


def test_different_prompts_never_share_a_folder(tmp_path: Path, make_prompt: Callable[..., Prompt]) -> None:
    command = Command(template(ECHO, "{out}"), work=tmp_path)
    prompts = [make_prompt(key="a/b"), make_prompt(key="a_b"), make_prompt(key="a/b", text="other words")]
    assert len({command(prompt).path for prompt in prompts}) == 3
