"""The bundled corpus: rendered people who speak, made by this package from a seed, in four flavours."""

from bench.synthetic.corpus import SyntheticClip, load, make
from bench.synthetic.flavours import FLAVOURS, Flavour

__all__ = ["FLAVOURS", "Flavour", "SyntheticClip", "load", "make"]
