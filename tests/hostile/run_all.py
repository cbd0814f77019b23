"""Run every hostile case, each in a process of its own, and print the outcomes by kind.

Exit code 1 if any case does not end as it ought to. `--quick` leaves out those that are not for continuous
integration; further words choose cases whose name holds one of them.
"""

from __future__ import annotations

import multiprocessing
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import narrator.loading  # noqa: E402, F401 - imported once, before the processes part
from hostile.all_cases import CASES  # noqa: E402
from hostile.case import SECONDS, Case, complaint  # noqa: E402


def _child(case: Case, answer: multiprocessing.SimpleQueue[str | None]) -> None:
    with tempfile.TemporaryDirectory(prefix="hostile-") as folder:
        answer.put(complaint(case, Path(folder)))


def outcome(case: Case) -> str | None:
    """The complaint about a case, also where its process ended or did not end."""
    context = multiprocessing.get_context("fork")  # what is imported already serves every case
    answer: multiprocessing.SimpleQueue[str | None] = context.SimpleQueue()
    process = context.Process(target=_child, args=(case, answer))
    process.start()
    process.join(SECONDS + 10)
    if process.is_alive():
        process.kill()
        process.join()
        return "it hung and took no signal"
    return f"its process ended with {process.exitcode}" if answer.empty() else answer.get()


def chosen(words: list[str]) -> Iterator[Case]:
    """The cases that the command line asks for."""
    names = [word for word in words if word != "--quick"]
    for case in CASES:
        if (case.quick or "--quick" not in words) and (not names or any(name in str(case) for name in names)):
            yield case


def main() -> int:
    """Run, print, and say whether all is well."""
    started = time.perf_counter()
    tried: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for case in chosen(sys.argv[1:]):
        tried[case.kind] += 1
        if (complained := outcome(case)) is not None:
            wrong[case.kind] += 1
            print(f"{case}: {complained}", flush=True)
    print(f"\n{'kind':<14}{'cases':>7}{'as they ought to end':>22}{'not':>6}")
    for kind, count in tried.items():
        print(f"{kind:<14}{count:>7}{count - wrong[kind]:>22}{wrong[kind]:>6}")
    print(f"{'all':<14}{tried.total():>7}{tried.total() - wrong.total():>22}{wrong.total():>6}")
    print(f"{time.perf_counter() - started:.0f} s")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
