"""How a provisioning went: well most often, after a second try now and then, and some did not. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from demo.customers import Customer, some_id
from demo.days import Release
from demo.ends import ENDS, OPERATORS, WORKER, Luck, Work
from demo.runs import Course, End, PastRun, begin, new_run_id
from operations import contracts, tenant_kinds
from operations.phrases import ended
from operations.statuses import CloseReason, Decision, Plan

SUPPORT = ("lena.ortiz@example.com", "sam.okafor@example.com", "priya.nair@example.com")
#: Chances of a provisioning outside the bad release; the rest of a hundred goes well.
TROUBLE = {
    Luck.PASSING: 5.0,
    Luck.FOREIGN_SCHEMA: 1.0,
    Luck.CANCELLED: 1.2,
    Luck.TERMINATED: 0.8,
    Luck.TIMED_OUT: 0.3,
    Luck.GONE: 0.4,
    Luck.ID_TAKEN: 0.4,
}
APPROVED = ("Contract is signed.", "Checked with finance.", "Credit check is fine.", "As agreed with sales.")
REFUSED = ("No contract yet.", "Duplicate of an account they have.", "Finance has not heard of them.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Decided:
    """What an operator said about an enterprise."""

    decision: Decision
    by: str
    reason: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Provisioning:
    """One attempt, and the decision that it waited for."""

    run: PastRun
    decided: Decided | None = None


def provisioning(
    chance: Random,
    customer: Customer,
    at: datetime,
    release: Release,
    *,
    by: str,
    luck: Luck | None = None,
    after: PastRun | None = None,
) -> Provisioning:
    """One attempt from its registration, or as a retry `after` another one; chance gives it its `luck` without one."""
    course = begin(chance, at)
    luck = luck or _luck(chance, at, release)
    run = PastRun(
        id=some_id(chance),
        customer=customer,
        kind=tenant_kinds.PROVISIONING,
        attempt=1 if after is None else after.attempt + 1,
        retry_of=None if after is None else after.id,
        run_id=new_run_id(chance),
        owner_arguments=(str(customer.id), str(customer.owner_id)),
        requested_by=by,
        why="registered" if after is None else "Should work now.",
        build=release.build_at(at),
        created_at=at,
        started_at=course.at,
        ended_at=course.at,
        steps=(),
        end=None,
    )
    if luck is Luck.ID_TAKEN:
        end = ENDS[luck](Work(course=course, run=run, release=release))
        return Provisioning(run=replace(_over(run, course, end), run_id=None, started_at=None))
    course.take(contracts.LOAD_TENANT, 0.05)
    decided = _decide(course, chance) if customer.plan is Plan.ENTERPRISE else None
    if decided is not None and decided.decision is Decision.REJECTED:
        error = ended("Rejected", decided.by, decided.reason)
        return Provisioning(
            run=_over(run, course, End(how=CloseReason.REJECTED, error=error, by=WORKER)), decided=decided
        )
    return Provisioning(
        run=_over(run, course, ENDS[luck](Work(course=course, run=run, release=release))), decided=decided
    )


def _luck(chance: Random, at: datetime, release: Release) -> Luck:
    if release.covers(at):
        return Luck.RELEASE if chance.random() < 0.8 else Luck.GOOD
    return chance.choices([*TROUBLE, Luck.GOOD], weights=[*TROUBLE.values(), 100 - sum(TROUBLE.values())])[0]


def _decide(course: Course, chance: Random) -> Decided:
    """After a while, in which the run waits."""
    course.take(contracts.REQUEST_APPROVAL, 0.06)
    course.at += timedelta(minutes=chance.lognormvariate(3.6, 0.9))
    decision = Decision.REJECTED if chance.random() < 0.12 else Decision.APPROVED
    reason = chance.choice(APPROVED if decision is Decision.APPROVED else REFUSED)
    decided = Decided(decision=decision, by=chance.choice(OPERATORS), reason=reason, at=course.at)
    course.at += timedelta(seconds=0.4)
    course.take(contracts.SETTLE_APPROVAL, 0.05)
    return decided


def _over(run: PastRun, course: Course, end: End | None) -> PastRun:
    return replace(run, steps=tuple(course.taken), ended_at=course.at, end=end)
