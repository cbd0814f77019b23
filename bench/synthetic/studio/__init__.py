"""Training clips: rendered people who say sentences of a small vocabulary, as many as wanted, made from a seed."""

from bench.synthetic.studio.maker import FRAMINGS, PARTS, make_studio
from bench.synthetic.studio.words import held_out, sentence, vocabulary

__all__ = ["FRAMINGS", "PARTS", "held_out", "make_studio", "sentence", "vocabulary"]
