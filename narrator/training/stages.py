"""The stages by name, in the order in which they build on each other."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import torch

from narrator.training.errors import TrainingError
from narrator.training.loop import derived_seed
from narrator.training.stage import Materials, Stage, StageSettings

_STAGES = {
    "codes": ("narrator.training.codes", "CodesStage", "CodesSettings"),
    "speech": ("narrator.training.speech", "SpeechStage", "SpeechSettings"),
    "vocoder": ("narrator.training.vocoder", "VocoderStage", "VocoderSettings"),
    "autoencoder": ("narrator.training.autoencoder", "AutoencoderStage", "AutoencoderSettings"),
    "decoder": ("narrator.training.decoder", "DecoderStage", "DecoderSettings"),
    "features": ("narrator.training.features", "FeaturesStage", "FeaturesSettings"),
    "animator": ("narrator.training.animator", "AnimatorStage", "AnimatorSettings"),
    "entangle": ("narrator.training.entangle", "EntangleStage", "EntangleSettings"),
}
"""Module, stage and settings of each."""

STAGES: tuple[str, ...] = tuple(_STAGES)
OF_PICTURES = frozenset({"autoencoder", "decoder", "animator", "entangle"})
"""Stages that need the networks which find a face, see `Materials.weight_paths`."""


def settings_of(name: str) -> type[StageSettings]:
    """The class of a stage's settings."""
    module, _, settings = _STAGES[name]
    found: type[StageSettings] = getattr(import_module(module), settings)
    return found


def needs_of(name: str) -> tuple[str, ...]:
    """The stages that a stage is built from."""
    return _class_of(name).needs


def build_stage(name: str, materials: Materials, settings: StageSettings) -> Stage:
    """A stage with its first weights, which depend on the seed alone; the global generator is left as it was.

    Raises:
        TrainingError: a stage that it needs is not there, or the data or the settings do not suit it.
    """
    for former in needs_of(name):
        if former not in materials.trained:
            raise TrainingError(f"The stage '{name}' needs what '{former}' learns; put the stage '{former}' before it.")
    kind: Any = _class_of(name)
    with torch.random.fork_rng():
        torch.manual_seed(derived_seed(materials.seed, name, "weights"))
        built: Stage = kind(materials, settings)
    return built


def _class_of(name: str) -> type[Stage]:
    module, stage, _ = _STAGES[name]
    found: type[Stage] = getattr(import_module(module), stage)
    return found
