"""A pytest plug-in: `def test_metrics(narrator_bench_selfcheck): ...` runs the selfcheck in anybody's suite.

pytest loads this at its start, so that nothing heavy is imported before the fixture is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from bench.selfcheck.comparison import Comparison

_METRICS = "narrator_bench_selfcheck_metrics"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the ini option that chooses metrics."""
    parser.addini(_METRICS, "metrics that narrator_bench_selfcheck checks, as in --metrics (default: all)", default="")


@pytest.fixture(scope="session")
def narrator_bench_selfcheck(pytestconfig: pytest.Config) -> Comparison:
    """The comparison of this machine with the bundled expectations; fails where anything moved, and says what.

    It computes on the CPU, in this process, once a session. A metric that the ini option names and that cannot run
    here is a failure, too.
    """
    from bench.cli.arguments import chosen_metrics
    from bench.errors import UserMistake
    from bench.selfcheck.comparison import compare
    from bench.selfcheck.plan import Plan, every_metric
    from bench.selfcheck.record import EXPECTED, read_record

    chosen = str(pytestconfig.getini(_METRICS)).replace("\n", ",")
    try:
        plan = Plan(chosen_metrics(chosen) if chosen else every_metric(), bool(chosen))
        found = compare(plan, read_record(EXPECTED), plan.run(1, lambda results, *_: results))
    except UserMistake as mistake:
        pytest.fail(f"narrator-bench selfcheck: {mistake}", pytrace=False)
    if found.problem:
        pytest.fail("\n".join([f"narrator-bench selfcheck: {found.problem}", *found.sentences()]), pytrace=False)
    return found
