"""Thread counts: every process computes with one thread, so that 1 and N workers give the same numbers."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")


@contextmanager
def single_thread() -> Iterator[None]:
    """Compute with one thread inside the block, with as many as before after it.

    PyTorch, OpenCV, and the BLAS and OpenMP libraries of this process, those that NumPy, SciPy and PyTorch bring loaded
    first: sums that are cut among threads round differently for each number of threads.
    """
    import cv2
    import scipy.linalg  # noqa: F401 - loads a BLAS of its own
    import torch

    torch_threads, cv2_threads = torch.get_num_threads(), cv2.getNumThreads()
    with _libraries(frozenset(sys.modules)).limit(limits=1):
        torch.set_num_threads(1)
        cv2.setNumThreads(1)
        try:
            yield
        finally:
            torch.set_num_threads(torch_threads)
            cv2.setNumThreads(cv2_threads)


@lru_cache(maxsize=1)
def _libraries(imported: frozenset[str]) -> ThreadpoolController:
    """The BLAS and OpenMP libraries of this process; looked for again, for 7 ms, once it has imported more."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
