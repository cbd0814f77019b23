"""Speech recognition: a waveform becomes the words that an engine hears in it, alike every time."""

from metrics.audio.recognition.recogniser import SAMPLE_RATE, Recogniser
from metrics.audio.recognition.registry import available, recogniser

__all__ = ["SAMPLE_RATE", "Recogniser", "available", "recogniser"]
