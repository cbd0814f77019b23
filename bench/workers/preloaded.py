"""What every worker needs and what takes seconds to import: the server that forks workers imports it once for all.

Only libraries of others, and what wraps them: our other modules come with a worker's first task, when the worker has
its environment. Nothing here starts a thread when it is imported, for threads do not survive a fork.
"""

import av  # noqa: F401
import cv2  # noqa: F401
import scipy.linalg  # noqa: F401
import threadpoolctl  # noqa: F401
import torch  # noqa: F401

import metrics.base.torchmetrics_base  # noqa: F401
