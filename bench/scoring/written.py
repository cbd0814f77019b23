"""What was asked for as far as it is written down beside the clips of two folders."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bench import fingerprint
from bench.datasets.dataset import Sample
from bench.media.audio import native_waveform, resampled
from bench.media.clip import Decoding, UnreadableClip
from bench.media.container import failures_of
from bench.prompts.refusal import NoPrompt
from bench.prompts.text import written
from metrics.base.asked import Asked


@dataclass(frozen=True)
class WrittenPrompt:
    """A clip's words and its voice profile; the driving image is the reference's first frame, which metrics have.

    Attributes:
        text: None where nobody wrote it down.
        problem: why what was written down is of no use, "" if it is.
        voice: the voice profile's file.
        decoding: how that is read.
    """

    text: str | None
    problem: str
    voice: Path | None
    decoding: Decoding

    @classmethod
    def beside(cls, sides: Iterable[tuple[Sample | None, Path]], decoding: Decoding) -> WrittenPrompt:
        """What lies beside the first of these samples that has words, or a voice profile, each with its folder."""
        text, problem, voice = None, "", None
        for sample, root in sides:
            if sample is None:
                continue
            voice = voice or sample.metadata.get("voice_profile")
            if text is None and not problem:
                try:
                    found = written(sample, root)
                except NoPrompt as reason:
                    problem = str(reason)
                else:
                    text = " ".join(found[0].split()) if found else None
        return cls(text, problem, voice, decoding)

    @property
    def identity(self) -> str:
        """Hash of what is known; "" where nothing is."""
        if self.text is None and not self.problem and self.voice is None:
            return ""
        voice = fingerprint.of_file(self.voice) if self.voice and self.voice.is_file() else str(self.voice)
        heard = [self.decoding.sample_rate, self.decoding.max_seconds]
        return fingerprint.of_json([self.text, self.problem, voice, heard])

    def asked(self) -> Asked:
        """See `PromptSource`; a voice profile that cannot be read is told as one that is not known."""
        reasons = {"text": self.problem} if self.problem else {}
        if self.voice is None:
            return Asked(self.text, reasons=reasons)
        try:
            native, rate = native_waveform(self.voice, self.decoding.max_seconds)
            with failures_of(self.voice):
                wanted = self.decoding.sample_rate or rate
                return Asked(self.text, None, resampled(native, rate, wanted), wanted, reasons)
        except UnreadableClip as error:
            return Asked(self.text, reasons={**reasons, "voice": f"{self.voice.name}: {error.reason}"})
