"""Two records side by side: what moved, by how much, in which stage first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from bench.selfcheck.check import Check
from bench.selfcheck.plan import Plan
from bench.selfcheck.record import Number, Record

Verdict = Literal["held", "moved", "failed", "not run", "not known"]
"""`not known`: the other record holds nothing to compare with."""


@dataclass(frozen=True)
class Finding:
    """One check, or one metric's number.

    Attributes:
        key: "stage/name"; of a number, "numbers/metric".
        verdict: of the comparison.
        budget: how far it may move.
        metrics: those that depend on it.
        moved: by how much it did, relative to what it was; None where that cannot be said.
        detail: what changed in words, or why it was not run.
        before, now: a number's two values.
        signature: how a metric's signature changed; "" where it did not.
        cause: of a number that moved: the first stage that did.
    """

    key: str
    verdict: Verdict
    budget: float
    metrics: tuple[str, ...]
    moved: float | None = None
    detail: str = ""
    before: float | None = None
    now: float | None = None
    signature: str = ""
    cause: str = ""

    @property
    def stage(self) -> str:
        """The part of the key before the slash."""
        return self.key.partition("/")[0]

    @property
    def name(self) -> str:
        """The part of the key behind the slash."""
        return self.key.partition("/")[2]

    @property
    def wrong(self) -> bool:
        """Whether it is not as it was."""
        return self.verdict in ("moved", "failed") or bool(self.signature)

    @property
    def extent(self) -> str:
        """How far it moved, as the end of a sentence."""
        if self.verdict == "failed":
            return f"failed ({self.detail})"
        if self.moved is None:
            return f"changed ({self.detail})"
        return f"moved {self.moved:.2g}, budget {self.budget:g}"


@dataclass(frozen=True)
class Comparison:
    """What became of a plan.

    Attributes:
        checks: in the order of the stages.
        numbers: of the plan's metrics.
        environment: what differs between the two machines: before and now, by name.
        required: whether a number that could not be had is a failure.
    """

    checks: tuple[Finding, ...]
    numbers: tuple[Finding, ...]
    environment: dict[str, tuple[str, str]]
    required: bool

    @property
    def first(self) -> Finding | None:
        """The first check that is wrong, or else the first number; None if all is well."""
        return next((finding for finding in (*self.checks, *self.numbers) if finding.wrong), None)

    @property
    def problem(self) -> str:
        """One sentence on what is wrong; "" if nothing is."""
        wrong = [finding for finding in (*self.checks, *self.numbers) if finding.wrong]
        if self.first:
            of = len(self.checks) + len(self.numbers)
            return f"{len(wrong)} of {of} results are not as expected; the first stage is {_named(self.first)}."
        lacking = [finding.name for finding in self.numbers if finding.verdict == "not run"]
        if self.required and lacking:
            return f"The numbers asked for could not be had: {', '.join(lacking)}."
        if not any(finding.verdict == "held" for finding in (*self.checks, *self.numbers)):
            return "Nothing could be compared."
        return ""

    def sentences(self) -> Iterator[str]:
        """All that is wrong, then what was not run or has nothing to be compared with, then what differs beside."""
        yield from (f"{_named(finding)}." for finding in self.checks if finding.wrong)
        for finding in self.numbers:
            if finding.signature:
                yield f"{finding.name}: its signature changed, {finding.signature}."
            if finding.verdict == "failed":
                yield f"{finding.name} {finding.extent}."
            if finding.verdict == "moved":
                yield f"{finding.name} {finding.detail}: {finding.cause}."
        for verdict in ("not run", "not known"):
            reasons: dict[str, list[str]] = {}
            for finding in (*self.checks, *self.numbers):
                if finding.verdict == verdict:
                    reasons.setdefault(finding.detail, []).append(f"{finding.stage} {finding.name}")
            for reason, names in reasons.items():
                yield f"{len(names)} {verdict}, {reason}: {'; '.join(names)}."
        if self.environment:
            changes = (f"{name} {before} -> {now}" for name, (before, now) in self.environment.items())
            yield f"Not the same here: {', '.join(changes)}."


def compare(plan: Plan, expected: Record, got: Record) -> Comparison:
    """What `got`, a record of the plan, shares with an expected one and what not."""
    checks = tuple(_check(plan, check, expected, got) for check in plan.checks.values())
    numbers = tuple(_number(plan, name, expected, got, checks) for name in plan.numbers)
    names = [name for name in {**expected.environment, **got.environment}]
    pairs = {name: (expected.environment.get(name, "none"), got.environment.get(name, "none")) for name in names}
    if expected.device != got.device:
        pairs["device"] = (expected.device, got.device)
    return Comparison(checks, numbers, {name: pair for name, pair in pairs.items() if len({*pair}) > 1}, plan.required)


def _check(plan: Plan, check: Check, expected: Record, got: Record) -> Finding:
    budget = check.budget.between(expected.device, got.device)
    metrics = plan.concerned(check)
    before, now = expected.checks.get(check.key), got.checks.get(check.key)
    if before is None or now is None:
        verdict, detail = _absent(check.key, got)
        return Finding(check.key, verdict, budget, metrics, detail=detail)
    moved = before.moved(now)
    held = moved is not None and moved <= budget
    return Finding(check.key, "held" if held else "moved", budget, metrics, moved, before.change(now))


def _number(plan: Plan, name: str, expected: Record, got: Record, checks: tuple[Finding, ...]) -> Finding:
    key = f"numbers/{name}"
    budget = plan.numbers[name].between(expected.device, got.device)
    before, now = expected.numbers.get(name), got.numbers.get(name)
    if before is None or now is None:
        verdict, detail = _absent(key, got)
        return Finding(key, verdict, budget, (name,), detail=detail, now=now.value if now else None)
    moved = abs(now.value - before.value) / (abs(before.value) or 1.0)
    signature = _changed(before, now)
    if moved <= budget:
        return Finding(key, "held", budget, (name,), moved, "", before.value, now.value, signature)
    stage = next((finding for finding in checks if finding.wrong and name in finding.metrics), None)
    cause = _named(stage) if stage else "no stage moved beyond its budget"
    return Finding(
        key, "moved", budget, (name,), moved, _values(before, now), before.value, now.value, signature, cause
    )


def _absent(key: str, got: Record) -> tuple[Verdict, str]:
    """Why there is nothing to compare."""
    if key in got.failed:
        return "failed", got.failed[key]
    if key in got.not_run:
        return "not run", got.not_run[key]
    return "not known", "nothing is stored to compare with"


def _changed(before: Number, now: Number) -> str:
    """The fields in which two signatures differ."""
    old, new = before.signature.split("|"), now.signature.split("|")
    gone, come = ([field for field in one if field not in other] for one, other in ((old, new), (new, old)))
    return f"{', '.join(gone) or 'nothing'} -> {', '.join(come) or 'nothing'}" if old != new else ""


def _named(finding: Finding) -> str:
    return f"{finding.stage} ({finding.name}): {finding.extent}"


def _values(before: Number, now: Number) -> str:
    """A number's change: 12.345 -> 12.4 dB (+0.45 %)."""
    percent = f" ({100 * (now.value - before.value) / abs(before.value):+.2g} %)" if before.value else ""
    return f"{before.value:.6g} -> {now.value:.6g} {now.unit}".rstrip() + percent
