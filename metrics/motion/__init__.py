"""Frechet video motion distance: how points move in two sets of clips."""

from functools import partial

from metrics.motion.compat import PackageFrechetVideoMotionDistance
from metrics.motion.fvmd import FrechetVideoMotionDistance

fvmd = partial(FrechetVideoMotionDistance, "fvmd")
fvmd_lk = partial(FrechetVideoMotionDistance, "fvmd-lk")

__all__ = ["FrechetVideoMotionDistance", "PackageFrechetVideoMotionDistance", "fvmd", "fvmd_lk"]
