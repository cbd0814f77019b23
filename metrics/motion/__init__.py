"""Frechet video motion distance: how points move in two sets of clips."""

from metrics.motion.compat import PackageFrechetVideoMotionDistance
from metrics.motion.fvmd import FrechetVideoMotionDistance

__all__ = ["FrechetVideoMotionDistance", "PackageFrechetVideoMotionDistance"]
