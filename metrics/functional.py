"""The metrics' mathematics as plain functions of arrays."""

from metrics.frechet import frechet_distance, frechet_distance_from_moments
from metrics.intervals import bootstrap_interval, mean_interval

__all__ = ["bootstrap_interval", "frechet_distance", "frechet_distance_from_moments", "mean_interval"]
