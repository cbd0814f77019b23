"""torchmetrics' `Metric` without the rest of torchmetrics, which takes several times as long to import.

`import torchmetrics` imports every function it has, and with them transformers, scipy.signal and requests. Here the
package is entered into `sys.modules` unexecuted, so that `torchmetrics.metric` can be imported alone. Whoever asks the
package for anything else has it executed then, in the same module object, as if imported in the usual way.
"""

from __future__ import annotations

import importlib.util
import logging
import sys
import threading
from typing import Any

_NAME = "torchmetrics"


def _enter_unexecuted() -> None:
    if _NAME in sys.modules or (spec := importlib.util.find_spec(_NAME)) is None or spec.loader is None:
        return  # imported already, or not installed, which the import below says
    package, loader = importlib.util.module_from_spec(spec), spec.loader
    lock = threading.RLock()
    begun = False

    def attribute(name: str) -> Any:
        nonlocal begun
        with lock:
            if not begun:
                begun = True
                try:
                    loader.exec_module(package)
                except BaseException:
                    begun = False
                    raise
        if name not in vars(package):
            raise AttributeError(f"module '{_NAME}' has no attribute '{name}'")
        return vars(package)[name]

    package.__getattr__ = attribute  # type: ignore[method-assign]
    vars(package)["_logger"] = logging.getLogger(_NAME)  # `Metric` asks for it
    sys.modules[_NAME] = package


_enter_unexecuted()
try:
    import torchmetrics.utilities  # before `metric`: the two import each other, and only this order works
    from torchmetrics.metric import Metric
except ImportError:  # another version, whose `Metric` needs more of the package
    for name in [name for name in sys.modules if name.partition(".")[0] == _NAME]:
        del sys.modules[name]
    import torchmetrics.utilities
    from torchmetrics.metric import Metric

dim_zero_cat = torchmetrics.utilities.dim_zero_cat

__all__ = ["Metric", "dim_zero_cat"]
