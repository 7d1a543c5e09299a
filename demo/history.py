"""Three weeks of customers, by a seed: who came, what became of them, what staff did, what was found. Pure."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from demo import days, fates
from demo.customers import Customer, cast, some_id
from demo.days import Release
from demo.ends import OPERATORS, RECONCILIATION, Luck
from demo.fates import Decided, Provisioning
from demo.runs import PastRun, begin, new_run_id
from operations import contracts, tenant_kinds
from operations.statuses import CloseReason, Decision, FindingKind, Plan, TenantStatus

RETRIED = 0.8  #: of those that failed
LEAVING = 0.06  #: of those that came more than a week ago
WAIT = timedelta(days=7)  #: in which a removal can be cancelled


@dataclass(frozen=True, kw_only=True, slots=True)
class Fate:
    """A customer as it stands now."""

    customer: Customer
    status: TenantStatus
    registered_by: str
    created_at: datetime
    activated_at: datetime | None
    deleted_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Deed:
    """Something that staff did."""

    at: datetime
    actor: str
    action: str
    target_kind: str
    target_id: UUID
    target_label: str
    reason: str | None = None
    after: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A difference that a pass of the reconciliation found, and mended."""

    id: UUID
    at: datetime
    kind: FindingKind
    run: PastRun


@dataclass(kw_only=True, slots=True)
class Story:
    """All that has happened; `newcomers` are customers to whom nothing has happened yet."""

    now: datetime
    release: Release
    fates: list[Fate] = field(default_factory=list)
    runs: list[PastRun] = field(default_factory=list)
    decisions: dict[UUID, Decided] = field(default_factory=dict)
    deeds: list[Deed] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)
    newcomers: list[Customer] = field(default_factory=list)


def tell(seed: int, now: datetime) -> Story:
    """The same for the same seed and moment."""
    chance = Random(seed)
    story = Story(now=now, release=days.bad_release(now))
    customers = cast(chance)
    moments = list(days.moments(chance, now))
    certain = {
        (number + 1) * len(moments) // (len(fates.TROUBLE) + 2): each for number, each in enumerate(fates.TROUBLE)
    }
    for number, moment in enumerate(moments):
        customer = next(customers)
        if number in certain:  # with no decision on the way, which could be another end
            customer = replace(customer, plan=Plan.BUSINESS)
        _come(story, chance, customer, moment, certain.get(number))
    story.newcomers = list(customers)
    story.runs.sort(key=lambda run: run.created_at)
    story.deeds.sort(key=lambda deed: deed.at)
    story.found.sort(key=lambda found: found.at)
    return story


def _come(story: Story, chance: Random, customer: Customer, at: datetime, certain: Luck | None) -> None:
    """A customer is registered; a failure may be retried; some leave again."""
    by = chance.choice(fates.SUPPORT)
    story.deeds.append(_registration(customer, by, at))
    first = fates.provisioning(chance, customer, at, story.release, by=by, luck=certain)
    last = _add(story, chance, first)
    if last.end is not None and last.end.how is not CloseReason.REJECTED and chance.random() < RETRIED:
        again_at = last.ended_at + timedelta(minutes=chance.uniform(3, 45))
        if again_at < story.now - timedelta(minutes=10):
            who = chance.choice((*fates.SUPPORT, *OPERATORS))
            last = _retry(story, chance, last, again_at, who)
    is_active = last.end is None
    fate = Fate(
        customer=customer,
        status=TenantStatus.ACTIVE if is_active else TenantStatus.FAILED,
        registered_by=by,
        created_at=at,
        activated_at=last.ended_at if is_active else None,
    )
    leaves = is_active and last.ended_at < story.now - WAIT - timedelta(days=2) and chance.random() < LEAVING
    story.fates.append(_leave(story, chance, fate) if leaves else fate)


def _retry(story: Story, chance: Random, failed: PastRun, at: datetime, who: str) -> PastRun:
    """Another attempt; an enterprise that was approved is asked about again, as anything new is."""
    made = fates.provisioning(chance, failed.customer, at, story.release, by=who, luck=Luck.GOOD, after=failed)
    story.deeds.append(_deed_on(made.run, at, who, "execution.retry", made.run.why, target=failed))
    return _add(story, chance, made)


def _add(story: Story, chance: Random, made: Provisioning) -> PastRun:
    run = made.run
    story.runs.append(run)
    if (decided := made.decided) is not None:
        story.decisions[run.id] = decided
        action = "execution.approve" if decided.decision is Decision.APPROVED else "execution.reject"
        story.deeds.append(_deed_on(run, decided.at, decided.by, action, decided.reason))
    if run.end is not None and run.end.by == RECONCILIATION:
        kind = FindingKind.GONE if run.end.how is CloseReason.NOT_FOUND else FindingKind.ENDED
        noticed = run.ended_at + timedelta(seconds=chance.uniform(2, 58))
        story.found.append(Found(id=some_id(chance), at=noticed, kind=kind, run=run))
    return run


def _leave(story: Story, chance: Random, fate: Fate) -> Fate:
    """A removal that was announced, waited its week, and dropped the schema."""
    customer, who = fate.customer, chance.choice(OPERATORS)
    room = (story.now - WAIT - (fate.activated_at or fate.created_at)).total_seconds()
    at = (fate.activated_at or fate.created_at) + timedelta(seconds=chance.uniform(3600, room))
    why = chance.choice(("Contract ended.", "Moved to a competitor.", "Test account; not needed any more."))
    course = begin(chance, at)
    started_at = course.at
    course.take(contracts.ANNOUNCE_DEPARTURE, 0.05)
    course.at = at + WAIT
    course.take(contracts.DELETE_TENANT, 0.5)
    run = PastRun(
        id=some_id(chance),
        customer=customer,
        kind=tenant_kinds.DEPROVISIONING,
        attempt=1,
        retry_of=None,
        run_id=new_run_id(chance),
        owner_arguments=(str(customer.id), TenantStatus.ACTIVE.value, WAIT.total_seconds()),
        requested_by=who,
        why=why,
        build=story.release.build_at(at),
        created_at=at,
        started_at=started_at,
        ended_at=course.at,
        steps=tuple(course.taken),
        end=None,
    )
    if run.ended_at > story.now:
        return fate
    story.runs.append(run)
    story.deeds.append(
        Deed(
            at=at,
            actor=who,
            action="tenant.deprovision",
            target_kind="tenant",
            target_id=customer.id,
            target_label=customer.slug,
            reason=why,
            after=(("execution_id", str(run.id)),),
        )
    )
    return replace(fate, status=TenantStatus.DELETED, deleted_at=run.ended_at)


def _registration(customer: Customer, by: str, at: datetime) -> Deed:
    return Deed(
        at=at,
        actor=by,
        action="tenant.register",
        target_kind="tenant",
        target_id=customer.id,
        target_label=customer.slug,
        after=(("name", customer.name), ("plan", customer.plan.value), ("owner_email", customer.owner_email)),
    )


def _deed_on(run: PastRun, at: datetime, who: str, action: str, why: str, *, target: PastRun | None = None) -> Deed:
    about = target or run
    return Deed(
        at=at,
        actor=who,
        action=action,
        target_kind="execution",
        target_id=about.id,
        target_label=about.kind.attempt_id(about.customer.slug, about.attempt),
        reason=why,
    )
