"""The damages by name: of which part of a prompt, in which unit, and how strong. Light to import."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Part = Literal["voice", "image", "text"]


@dataclass(frozen=True)
class Damage:
    """One way to spoil a prompt.

    Attributes:
        name: what studies, labels and tables call it.
        part: of the prompt that it changes.
        scale: what a strength counts, for people; "" where there is one strength only.
        unit: of the strength, as labels of generators end in it.
        strengths: from slight to severe; empty where there is one only.
        least, most: the ends of the strengths that can be asked for.
        whole: strengths are whole numbers.
    """

    name: str
    part: Part
    scale: str = ""
    unit: str = ""
    strengths: tuple[float, ...] = ()
    least: float = 0.0
    most: float = 0.0
    whole: bool = False

    def tag(self, strength: float | None) -> str:
        """What a variant's label ends in: "voice-noise-5dB"."""
        return self.name if strength is None else f"{self.name}-{strength:g}{self.unit}"

    def shown(self, strength: float | None) -> str:
        """A strength with its unit, for people."""
        return "—" if strength is None else f"{strength:g} {self.unit}"


_SNR = (20.0, 15.0, 10.0, 5.0, 0.0, -5.0)

_ALL = (
    Damage("voice-noise", "voice", "white noise, speech-to-noise ratio", "dB", _SNR, -60, 100),
    Damage("voice-reverb", "voice", "reverberation time RT60", "s", (0.3, 0.6, 1.0, 2.0), 0.05, 10),
    Damage("voice-babble", "voice", "other speakers at once, speech-to-babble ratio", "dB", _SNR, -60, 100),
    Damage("voice-clipped", "voice", "clipped so far above the mean level", "dB", (6.0, 0.0, -6.0, -12.0), -60, 40),
    Damage("voice-band", "voice", "low-pass, cut-off", "Hz", (4000.0, 3400.0, 2000.0, 1000.0), 100, 96_000),
    Damage("voice-mp3", "voice", "MP3, bit rate", "kbps", (64.0, 32.0, 16.0, 8.0), 8, 160, whole=True),
    Damage("voice-opus", "voice", "Opus, bit rate", "kbps", (24.0, 12.0, 6.0), 6, 256, whole=True),
    Damage("voice-feeble", "voice", "level", "dB", (-20.0, -30.0, -40.0, -50.0, -60.0), -120, 0),
    Damage("voice-silent", "voice"),
    Damage("image-blurred", "image", "Gaussian blur, sigma", "px", (1.0, 2.0, 4.0, 8.0), 0.1, 500),
    Damage("image-dark", "image", "exposure taken away", "EV", (1.0, 2.0, 3.0, 4.0, 5.0), 0, 20),
    Damage("image-small", "image", "longer side", "px", (128.0, 64.0, 32.0, 16.0), 2, 16_384, whole=True),
    Damage("image-turned", "image", "roll, clockwise", "deg", (15.0, 30.0, 45.0, 90.0, 180.0), -360, 360),
    Damage("image-eyes-closed", "image"),
    Damage("image-no-face", "image"),
    Damage("image-two-faces", "image"),
    Damage("text-short", "text", "length", "words", (2.0, 1.0), 1, 1000, whole=True),
    Damage("text-long", "text", "length", "words", (50.0, 100.0, 200.0), 1, 3000, whole=True),
    Damage("text-numbers", "text", "words replaced by numbers", "pct", (50.0, 100.0), 0, 100),
    Damage("text-symbols", "text", "words replaced by symbols", "pct", (50.0, 100.0), 0, 100),
    Damage("text-script", "text", "words written in Cyrillic", "pct", (50.0, 100.0), 0, 100),
)

DAMAGES = {damage.name: damage for damage in _ALL}
"""Every damage by name, in the order of reports."""
