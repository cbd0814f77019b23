"""torchmetrics' `Metric` without the rest of torchmetrics, which takes several times as long to import.

`import torchmetrics` imports every function it has, and with them transformers, scipy.signal and requests; `Metric`
itself imports matplotlib, for its `plot`. Here the package and its plots are entered into `sys.modules` unexecuted, so
that `torchmetrics.metric` can be imported alone. Whoever asks one of the two for anything else has it executed then, in
the same module object, as if imported in the usual way.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec, module_from_spec
from typing import Any

_NAME = "torchmetrics"
_PLOTS = "torchmetrics.utilities.plot"


def _enter_unexecuted() -> None:
    if _NAME in sys.modules or (spec := find_spec(_NAME)) is None:
        return  # imported already, or not installed, which the import below says
    folders = [os.path.join(folder, "utilities") for folder in spec.submodule_search_locations or []]
    plots = PathFinder.find_spec(_PLOTS, folders)  # `find_spec` would import the folder above
    if plots is not None:
        execute = _waiting(plots)
        # What `Metric` takes from there: two types for its annotations, and what draws.
        vars(sys.modules[_PLOTS]).update(
            _AX_TYPE=object,
            _PLOT_OUT_TYPE=object,
            plot_single_or_multi_val=lambda *given, **named: execute("plot_single_or_multi_val")(*given, **named),
        )
    _waiting(spec)
    vars(sys.modules[_NAME])["_logger"] = logging.getLogger(_NAME)  # `Metric` asks for it


def _waiting(spec: ModuleSpec) -> Callable[[str], Any]:
    """Enter a module that is executed once it is asked for an attribute that it lacks; how to execute and to ask it."""
    module, loader = module_from_spec(spec), spec.loader
    lock = threading.RLock()
    begun = False

    def attribute(name: str) -> Any:
        nonlocal begun
        with lock:
            if not begun and loader is not None and name != "__path__":  # which every import asks for
                begun = True
                try:
                    loader.exec_module(module)
                except BaseException:
                    begun = False
                    raise
        if name not in vars(module):
            raise AttributeError(f"module '{spec.name}' has no attribute '{name}'")
        return vars(module)[name]

    module.__getattr__ = attribute  # type: ignore[method-assign]
    sys.modules[spec.name] = module
    return attribute


_enter_unexecuted()
try:
    import torchmetrics.utilities  # before `metric`: the two import each other, and only this order works
    from torchmetrics.metric import Metric
except ImportError:  # another version, whose `Metric` needs more of the package
    for name in [name for name in sys.modules if name.partition(".")[0] == _NAME]:
        del sys.modules[name]
    import torchmetrics.utilities
    from torchmetrics.metric import Metric

if _PLOTS in sys.modules:
    torchmetrics.utilities.plot = sys.modules[_PLOTS]  # as the import would have left it

dim_zero_cat = torchmetrics.utilities.dim_zero_cat

__all__ = ["Metric", "dim_zero_cat"]
