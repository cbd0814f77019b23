"""The metrics' mathematics as plain functions of arrays."""

from metrics.audio.functional import mel_cepstral_distortion, short_time_objective_intelligibility
from metrics.frechet.distance import frechet_distance, frechet_distance_from_moments

__all__ = [
    "frechet_distance",
    "frechet_distance_from_moments",
    "mel_cepstral_distortion",
    "short_time_objective_intelligibility",
]
