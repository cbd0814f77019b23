"""Any program as a generator: one process per prompt, started without a shell."""

from __future__ import annotations

import hashlib
import re
import shutil
import stat
import tempfile
import wave
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

import narrator.options as options
from baselines import process
from baselines.folder import MEDIA_SUFFIXES
from baselines.template import Template
from narrator.contract import FinishedClip, GenerationFailed, Prompt, StageClock
from narrator.prompts import check_voice

_TAIL_CHARACTERS = 400


class Command:
    """Runs `template` once per prompt, in the study's folder, and returns the file that it wrote to `{out}`.

    The template is split like a shell command line, once, and never passed to a shell: a placeholder is replaced inside
    its argument, so that any text arrives as part of one argument. `{text}`, `{text_file}`, `{image}`, `{voice}`,
    `{out}`, `{seed}`, `{key}`, `{study}` (the study's folder) and `{checkpoint}` are known; `{{` and `}}` stand for
    braces. The program inherits the environment. Whatever it starts is ended with it, and all of it with this process,
    however that ends.

    A prompt's inputs, its clip and `log.txt`, what the program prints, lie in a temporary folder that goes once the
    clip is stored; a failure's reason holds the log's end.

    Args:
        template: for example `python talk.py --text={text} --face {image} --voice {voice} --out {out}`.
        timeout: seconds after which the program and everything it started is ended.
        work: folder to keep the prompts' folders in, instead of temporary ones.
        suffix: file name ending of `{out}`: what the program writes, .mp4 for example.
        max_bytes: most that the clip, or what the program prints, may hold.
        checkpoint: the file that `{checkpoint}` names; a changed one is a new narration.
        study_folder: where relative programs and files are; the harness fills it.

    Raises:
        ValueError: an option cannot be used.
    """

    name = "command"

    def __init__(
        self,
        template: str,
        timeout: float = 600.0,
        work: str | Path | None = None,
        suffix: str = ".mp4",
        max_bytes: int = 2 << 30,
        checkpoint: str | Path | None = None,
        study_folder: str | Path = ".",
    ) -> None:
        what = f"generator '{self.name}':"
        self._study = options.folder(f"{what} study_folder", study_folder)
        weights = None if checkpoint is None else options.file(f"{what} checkpoint", checkpoint, self._study)
        self._template = Template(template, self._study, weights)
        self._timeout = options.number(f"{what} timeout (seconds)", timeout, 0.1, 1e6)
        self._work = None if work is None else options.path(f"{what} work", work, self._study)
        if self._work and self._work.exists() and not self._work.is_dir():
            raise ValueError(f"{what} work is {options.shown(str(self._work))}, which is not a folder.")
        self._suffix = options.one_of(f"{what} suffix", suffix, MEDIA_SUFFIXES)
        self._max_bytes = options.whole_number(f"{what} max_bytes", max_bytes, 1, 1 << 60)

    def __call__(self, prompt: Prompt) -> FinishedClip:
        """Run the program.

        Raises:
            GenerationFailed: the text or the voice profile cannot be used; the program cannot be started, fails, takes
                too long, or leaves no new output of a sensible size.
        """
        check_voice(prompt.voice)
        clock = StageClock()
        folder = self._folder(prompt)
        try:
            out = self._run(prompt, folder, clock)
        except BaseException:
            if self._work is None:
                shutil.rmtree(folder, ignore_errors=True)
            raise
        return FinishedClip(out, seconds=clock.seconds, temporary=None if self._work else folder)

    def inputs(self, prompt: Prompt) -> list[Path]:
        """The program and the files that the template names."""
        return self._template.files()

    def describe(self) -> Mapping[str, Any]:
        """Template and limits."""
        return {
            "template": str(self._template),
            "timeout": self._timeout,
            "suffix": self._suffix,
            "max_bytes": self._max_bytes,
        }

    def _folder(self, prompt: Prompt) -> Path:
        """A new folder for one prompt: what an earlier attempt left must not pass for this one's."""
        if self._work is None:
            return Path(tempfile.mkdtemp(prefix="narrator-bench-command-"))
        folder = self._work / folder_name(prompt)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def _run(self, prompt: Prompt, folder: Path, clock: StageClock) -> Path:
        out = folder / f"out{self._suffix}"
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
        with (folder / "log.txt").open("a+b") as log, clock.stage("program"):
            ended = self._ended(self._template.fill(values), folder, out, log)
            if ended.status:
                how = (
                    f"was ended by signal {-ended.status}" if ended.status < 0 else f"exited with status {ended.status}"
                )
                raise GenerationFailed(f"the program {how}{_tail(log)}")
            if problem := self._problem(out):
                left = f", and left {ended.left} processes running, which were ended" if ended.left else ""
                raise GenerationFailed(f"the program {problem}{left}{_tail(log)}")
        return out

    def _ended(self, arguments: list[str], folder: Path, out: Path, log: IO[bytes]) -> process.Ended:
        def check() -> None:
            for path in (out, folder / "log.txt"):
                if (size := _size(path)) > self._max_bytes:
                    raise GenerationFailed(f"the program was ended: {self._too_much(path, size)}{_tail(log)}")

        scratch = None if self._work else folder
        try:
            return process.run(arguments, self._study, log, self._timeout, check, scratch)
        except TimeoutError:
            raise GenerationFailed(f"the program was killed after {self._timeout:g} s{_tail(log)}") from None

    def _problem(self, out: Path) -> str | None:
        """What is wrong with the output; its name, not what a link leads to, must be the clip."""
        try:
            mode = out.lstat().st_mode
        except OSError:
            return f"ended well but wrote no file {{out}} ({out.name})"
        if not stat.S_ISREG(mode):
            kind = "a folder" if stat.S_ISDIR(mode) else "a link" if stat.S_ISLNK(mode) else "no regular file"
            return f"made {{out}} ({out.name}) {kind}; it must write the clip itself there"
        size = _size(out)
        if not size:
            return "wrote an empty file"
        return f"ended well, but {self._too_much(out, size)}" if size > self._max_bytes else None

    def _too_much(self, path: Path, size: int) -> str:
        return f"{path.name} grew to {size:,} bytes; {self._max_bytes:,} are allowed (max_bytes)"


def folder_name(prompt: Prompt) -> str:
    """A file name for any prompt: its key's harmless characters, and a hash that keeps different prompts apart."""
    harmless = re.sub(r"[^A-Za-z0-9_-]+", "_", prompt.key)[:80]
    identity = repr((prompt.key, prompt.text, prompt.seed)).encode()
    return f"{harmless}-{hashlib.sha256(identity).hexdigest()[:8]}"


def _write_inputs(prompt: Prompt, paths: Mapping[str, str]) -> None:
    from PIL import Image

    Path(paths["text_file"]).write_bytes(prompt.text.encode("utf-8", "surrogatepass"))
    Image.fromarray(prompt.image).save(paths["image"])
    pcm = np.round(np.clip(prompt.voice.waveform, -1, 1) * 32767).astype("<i2")
    with wave.open(paths["voice"], "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(prompt.voice.sample_rate)
        file.writeframes(pcm.tobytes())


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0


def _tail(log: IO[bytes]) -> str:
    """The end of what the program printed, as part of a reason."""
    log.seek(max(0, log.seek(0, 2) - 4 * _TAIL_CHARACTERS))
    text = " ".join(log.read().decode("utf-8", "replace").split())[-_TAIL_CHARACTERS:]
    text = "".join(character if character.isprintable() else "?" for character in text)
    return f"; it printed: {text}" if text else "; it printed nothing"
