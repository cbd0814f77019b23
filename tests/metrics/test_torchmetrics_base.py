"""Our metrics import torchmetrics' `Metric` alone, and leave the package as whole as any other user finds it."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("torchmetrics.functional", "transformers", "scipy.signal", "requests", "matplotlib")


def run(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.strip()


def test_the_contract_imports_the_metric_alone() -> None:
    program = f"import sys, metrics.base.metric; print([name for name in {HEAVY} if name in sys.modules])"
    assert run(program) == "[]"


def test_the_package_is_whole_afterwards() -> None:
    program = """
from metrics.base.torchmetrics_base import Metric
import torchmetrics as whole
from torchmetrics import MeanMetric
from torchmetrics import *
import torchmetrics.functional.text as text
import importlib
mean = MeanMetric()
mean.update(2.0)
assert float(mean.compute()) == 2.0
assert whole.Metric is whole.metric.Metric is Metric and issubclass(MeanMetric, Metric)
assert text.word_error_rate(["a b"], ["a c"]).item() == 0.5
assert MetricCollection is whole.MetricCollection and "Accuracy" in dir(whole.classification)
assert importlib.import_module("torchmetrics") is whole and not hasattr(whole, "nothing")
"""
    assert run(program) == ""


def test_plots_are_drawn_by_whom_they_always_were() -> None:
    program = """
import sys
from metrics import FrechetInceptionDistance
from metrics.base.torchmetrics_base import Metric
import torchmetrics.utilities.plot as plots
class Constant(Metric):
    def update(self): pass
    def compute(self): return __import__("torch").tensor(2.0)
metric = Constant()
metric.update()
assert "matplotlib" not in sys.modules
figure, axes = metric._plot()
import matplotlib.axes
assert isinstance(axes, matplotlib.axes.Axes) and axes.lines
assert plots is sys.modules["torchmetrics"].utilities.plot and plots._AX_TYPE is matplotlib.axes.Axes
assert plots.plot_curve.__module__ == "torchmetrics.utilities.plot"
"""
    assert run(program) == ""


def test_another_version_may_need_more_of_it() -> None:
    """A `Metric` that asks the package for what only its execution defines."""
    program = """
import importlib.machinery, sys
class Needy(importlib.machinery.SourceFileLoader):
    def get_data(self, path):
        data = super().get_data(path)
        return b"from torchmetrics import MeanMetric\\n" + data if path.endswith("metric.py") else data
    def get_code(self, name):
        return self.source_to_code(self.get_data(self.path), self.path)
class Finder:
    failed = False
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if name == "torchmetrics.metric" and not cls.failed:
            cls.failed = True
            spec.loader = Needy(name, spec.origin)
        return spec
sys.meta_path.insert(0, Finder)
from metrics.base.torchmetrics_base import Metric
import torchmetrics
print(Finder.failed, torchmetrics.Metric is Metric, torchmetrics.MeanMetric.__name__)
"""
    assert run(program) == "True True MeanMetric"
