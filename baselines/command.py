"""Any program as a generator: one process per prompt, started without a shell."""

from __future__ import annotations

import difflib
import hashlib
import os
import re
import shlex
import signal
import string
import subprocess
import tempfile
import time
import wave
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from narrator.contract import FinishedClip, GenerationFailed, Prompt, StageClock

_PLACEHOLDERS = {
    "text": "the words to speak",
    "text_file": "a UTF-8 file with the words",
    "image": "the driving image, a PNG file",
    "voice": "the voice profile, a 16-bit mono WAV file",
    "out": "where to write the clip",
    "seed": "the prompt's seed",
    "key": "the prompt's name",
}
_TAIL_CHARACTERS = 400
_GRACE_S = 2.0
_LOOK_EVERY_S = 0.5


class Command:
    """Runs `template` once per prompt and returns the file that it wrote to `{out}`.

    The template is split like a shell command line, once, and never passed to a shell: a placeholder is replaced inside
    its argument, so that any text arrives as part of one argument. `{text}`, `{text_file}`, `{image}`, `{voice}`,
    `{out}`, `{seed}` and `{key}` are known; `{{` and `}}` stand for braces. The program inherits the environment. What
    it prints is kept in `log.txt` in the prompt's folder, beside its inputs and its output.

    Args:
        template: for example `python talk.py --text={text} --face {image} --voice {voice} --out {out}`.
        timeout: seconds after which the program and everything it started is killed.
        work: folder to keep the prompts' folders in; a new temporary folder when None.
        suffix: file name ending of `{out}`.
        max_bytes: most that the clip, or what the program prints, may hold.
    """

    name = "command"

    def __init__(
        self,
        template: str,
        timeout: float = 600.0,
        work: str | Path | None = None,
        suffix: str = ".mp4",
        max_bytes: int = 2 << 30,
    ) -> None:
        self._arguments = _parse(template)
        if not 0 < timeout < 1e6:
            raise ValueError(f"generator 'command': timeout must be a positive number of seconds, got {timeout}.")
        self._timeout, self._max_bytes, self._suffix = timeout, max_bytes, suffix
        # resolved, because the program runs in the prompt's folder
        self._work = Path(work or tempfile.mkdtemp(prefix="narrator-bench-command-")).resolve()

    def __call__(self, prompt: Prompt) -> FinishedClip:
        """Run the program.

        Raises:
            GenerationFailed: it cannot be started, fails, takes too long, or leaves no new output of a sensible size.
        """
        clock = StageClock()
        folder = self._work / folder_name(prompt)
        folder.mkdir(parents=True, exist_ok=True)
        out, log = folder / f"out{self._suffix}", folder / "log.txt"
        out.unlink(missing_ok=True)  # a clip of an earlier attempt must not pass for this one's
        values = {
            "text": prompt.text,
            "text_file": str(folder / "text.txt"),
            "image": str(folder / "image.png"),
            "voice": str(folder / "voice.wav"),
            "out": str(out),
            "seed": str(prompt.seed),
            "key": prompt.key,
        }
        with clock.stage("inputs"):
            _write_inputs(prompt, values)
        arguments = [argument.format_map(values) for argument in self._arguments]
        with clock.stage("program"):
            self._run(arguments, folder, out, log)
        self._check(out, log)
        return FinishedClip(out, seconds=clock.seconds)

    def describe(self) -> Mapping[str, Any]:
        """Template and limits."""
        return {"template": shlex.join(self._arguments), "timeout": self._timeout, "max_bytes": self._max_bytes}

    def _run(self, arguments: list[str], folder: Path, out: Path, log: Path) -> None:
        with log.open("wb") as printed:
            try:
                process = subprocess.Popen(
                    arguments,
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    stdout=printed,
                    stderr=printed,
                    start_new_session=True,
                )
            except (OSError, ValueError) as error:
                raise GenerationFailed(f"{arguments[0]!r} cannot be started: {error}") from error
            try:
                code = self._wait(process, out, log)
            finally:
                _kill_group(process)
        if code:
            how = f"was ended by signal {-code}" if code < 0 else f"exited with status {code}"
            raise GenerationFailed(f"the program {how}{_tail(log)}")

    def _wait(self, process: subprocess.Popen[bytes], out: Path, log: Path) -> int:
        """The program's exit status; `GenerationFailed` once it takes too long or writes too much."""
        deadline = time.monotonic() + self._timeout
        while (left := deadline - time.monotonic()) > 0:
            try:
                return process.wait(min(left, _LOOK_EVERY_S))
            except subprocess.TimeoutExpired:
                self._refuse_too_much(out)
                self._refuse_too_much(log)
        raise GenerationFailed(f"the program was killed after {self._timeout:g} s{_tail(log)}")

    def _refuse_too_much(self, path: Path) -> None:
        if path.exists() and (size := path.stat().st_size) > self._max_bytes:
            path.unlink()
            raise GenerationFailed(f"{path.name} grew to {size:,} bytes; {self._max_bytes:,} are allowed (max_bytes)")

    def _check(self, out: Path, log: Path) -> None:
        if not out.is_file():
            raise GenerationFailed(f"the program ended well but wrote no file {{out}} ({out.name}){_tail(log)}")
        if not out.stat().st_size:
            raise GenerationFailed(f"the program wrote an empty file{_tail(log)}")
        self._refuse_too_much(out)


def folder_name(prompt: Prompt) -> str:
    """A file name for any prompt: its key's harmless characters, and a hash that keeps different prompts apart."""
    harmless = re.sub(r"[^A-Za-z0-9_-]+", "_", prompt.key)[:80]
    identity = repr((prompt.key, prompt.text, prompt.seed)).encode()
    return f"{harmless}-{hashlib.sha256(identity).hexdigest()[:8]}"


def _parse(template: str) -> list[str]:
    try:
        arguments = shlex.split(template)
        fields = [
            (name, spec, conversion)
            for argument in arguments
            for _, name, spec, conversion in string.Formatter().parse(argument)
            if name is not None
        ]
    except ValueError as error:
        raise ValueError(f"generator 'command': the template {template!r} cannot be read: {error}.") from error
    if not arguments:
        raise ValueError("generator 'command': the template is empty; write the program and its arguments.")
    for name, spec, conversion in fields:
        if name not in _PLACEHOLDERS or spec or conversion:
            near = difflib.get_close_matches(name, _PLACEHOLDERS, 1)
            hint = f" Did you mean {{{near[0]}}}?" if near and near[0] != name else ""
            known = ", ".join(f"{{{known}}}" for known in _PLACEHOLDERS)
            raise ValueError(f"generator 'command': unknown placeholder {{{name}}}.{hint} Known: {known}.")
    if "out" not in {name for name, _, _ in fields}:
        raise ValueError("generator 'command': the template has no {out}, so no clip could be found afterwards.")
    return arguments


def _write_inputs(prompt: Prompt, paths: Mapping[str, str]) -> None:
    from PIL import Image

    Path(paths["text_file"]).write_bytes(prompt.text.encode("utf-8", "surrogatepass"))
    Image.fromarray(prompt.image).save(paths["image"])
    pcm = np.round(np.clip(np.nan_to_num(prompt.voice.waveform), -1, 1) * 32767).astype("<i2")
    with wave.open(paths["voice"], "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(prompt.voice.sample_rate)
        file.writeframes(pcm.tobytes())


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """End whatever the program started in its own session, also what outlived it."""
    for wanted in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, wanted)
        except (ProcessLookupError, PermissionError):
            break
        try:
            process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            continue
    process.wait()


def _tail(log: Path) -> str:
    """The end of what the program printed, as part of a reason."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 4 * _TAIL_CHARACTERS))
        text = " ".join(file.read().decode("utf-8", "replace").split())[-_TAIL_CHARACTERS:]
    return f"; it printed: {text}" if text else "; it printed nothing"
