"""Who a synthetic speaker is: proportions, colours, hair, clothes and voice, all drawn from one seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from bench.synthetic.light import Colour

Kind = Literal["woman", "man", "child"]
HairStyle = Literal["bald", "crop", "parted", "curls", "bob", "long", "bun"]

SKINS: tuple[Colour, ...] = (
    (0.96, 0.82, 0.74), (0.93, 0.77, 0.67), (0.90, 0.72, 0.58), (0.83, 0.64, 0.50),
    (0.75, 0.56, 0.42), (0.64, 0.45, 0.33), (0.52, 0.36, 0.26), (0.43, 0.29, 0.21),
)  # fmt: skip
HAIRS: tuple[Colour, ...] = (
    (0.12, 0.09, 0.08), (0.20, 0.13, 0.09), (0.32, 0.20, 0.12), (0.45, 0.29, 0.16),
    (0.72, 0.54, 0.32), (0.55, 0.26, 0.13), (0.62, 0.60, 0.58),
)  # fmt: skip
IRISES: tuple[Colour, ...] = (
    (0.28, 0.17, 0.09), (0.36, 0.24, 0.12), (0.42, 0.40, 0.20),
    (0.30, 0.44, 0.32), (0.32, 0.46, 0.60), (0.45, 0.50, 0.53),
)  # fmt: skip
CLOTHES: tuple[Colour, ...] = (
    (0.16, 0.22, 0.34), (0.55, 0.16, 0.18), (0.18, 0.36, 0.30), (0.80, 0.78, 0.74), (0.25, 0.25, 0.27),
    (0.45, 0.35, 0.52), (0.72, 0.52, 0.30), (0.33, 0.48, 0.64),
)  # fmt: skip


@dataclass(frozen=True)
class Face:
    """Proportions in face units (see `canvas`)."""

    width: float
    crown: float
    chin: float
    squareness: float
    eye_x: float
    eye_width: float
    eye_height: float
    eye_tilt: float
    brow_y: float
    brow_weight: float
    brow_arch: float
    nose_y: float
    nose_width: float
    nose_height: float
    mouth_y: float
    mouth_width: float
    upper_lip: float
    lower_lip: float
    cheek: float


@dataclass(frozen=True)
class Identity:
    """One speaker.

    Attributes:
        pitch: median fundamental frequency of the voice, Hz.
        formants: factor on the formant frequencies of the voice that is being changed.
        seed: fixes textures (strands, pores).
    """

    kind: Kind
    face: Face
    skin: Colour
    hair_style: HairStyle
    hair: Colour
    iris: Colour
    clothes: Colour
    collar: Literal["round", "v", "high"]
    beard: float
    glasses: Literal["none", "round", "square"]
    make_up: float
    freckles: float
    pitch: float
    formants: float
    seed: int

    @classmethod
    def draw(cls, seed: int, kind: Kind) -> Identity:
        """The speaker of this seed. Equal arguments give equal speakers."""
        rng = np.random.default_rng([seed, 0x1D])
        man, child = kind == "man", kind == "child"
        tone = int(rng.integers(len(SKINS)))
        styles: dict[Kind, tuple[HairStyle, ...]] = {
            "woman": ("long", "bob", "bun", "long", "curls"),
            "man": ("crop", "parted", "parted", "curls", "bald"),
            "child": ("crop", "bob", "parted", "curls", "long"),
        }
        # Fair hair and light eyes go with fair skin; grey hair is left to adults.
        hairs = HAIRS[:2] if tone >= 5 else HAIRS[:4] if tone >= 3 else HAIRS[: 6 if child else 7]
        irises = IRISES[:2] if tone >= 4 else IRISES
        pitch = {"woman": (175.0, 235.0), "man": (88.0, 135.0), "child": (255.0, 310.0)}[kind]
        formants = {"woman": (0.96, 1.06), "man": (0.80, 0.88), "child": (1.14, 1.24)}[kind]
        return cls(
            kind=kind,
            face=_draw_face(rng, kind),
            skin=SKINS[tone],
            hair_style=styles[kind][int(rng.integers(len(styles[kind])))],
            hair=hairs[int(rng.integers(len(hairs)))],
            iris=irises[int(rng.integers(len(irises)))],
            clothes=CLOTHES[int(rng.integers(len(CLOTHES)))],
            collar=("round", "v", "high")[int(rng.integers(2 if child else 3))],
            beard=float(rng.choice([0.0, 0.25, 0.5, 1.0])) if man else 0.0,
            glasses="none" if rng.random() > 0.3 else ("round", "square")[int(rng.integers(2))],
            make_up=float(rng.uniform(0.2, 1.0)) if kind == "woman" else 0.0,
            freckles=float(rng.uniform(0.3, 1.0)) if tone < 3 and rng.random() < 0.3 else 0.0,
            pitch=float(rng.uniform(*pitch)),
            formants=float(rng.uniform(*formants)),
            seed=seed,
        )


def _draw_face(rng: np.random.Generator, kind: Kind) -> Face:
    man, child = kind == "man", kind == "child"

    def vary(centre: float, spread: float) -> float:
        return float(centre + spread * rng.uniform(-1, 1))

    return Face(
        width=vary(0.99 if child else 0.96, 0.05),
        crown=vary(-1.42, 0.05),
        chin=vary(1.28 if child else 1.51 if man else 1.43, 0.05),
        squareness=vary(2.7 if man else 2.25, 0.25),
        eye_x=vary(0.42, 0.02),
        eye_width=vary(0.205 if child else 0.19, 0.012),
        eye_height=vary(0.105 if child else 0.076 if man else 0.09, 0.01),
        eye_tilt=vary(0.02, 0.03),
        brow_y=vary(-0.27 if man else -0.31, 0.03),
        brow_weight=vary(1.25 if man else 0.85, 0.2),
        brow_arch=vary(0.03 if man else 0.06, 0.02),
        nose_y=vary(0.46 if child else 0.54, 0.03),
        nose_width=vary(1.05 if man else 0.92, 0.12),
        nose_height=vary(0.8 if child else 1.1 if man else 1.0, 0.12),
        mouth_y=vary(0.80 if child else 0.90, 0.03),
        mouth_width=vary(0.30 if child else 0.35, 0.025),
        upper_lip=vary(0.06 if man else 0.075, 0.014),
        lower_lip=vary(0.085 if man else 0.1, 0.016),
        cheek=vary(1.0, 0.4),
    )
