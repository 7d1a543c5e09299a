"""What waits does not stand still: whatever keeps a run after a wait, does so since the wait was over.

The time of a pause does not count.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from operations.diagnosis.evidence import Awaited, Evidence
from operations.diagnosis.facts import CodeFact, Delivery, Facts, QueueFact, Recorded, RunFact, RunState, StepFact
from operations.diagnosis.verdicts import Diagnosis, diagnose
from operations.statuses import Cause, FindingKind, Health, Status, StepStatus

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
BROKEN = RunFact(code=CodeFact(failures=3, error="a mistake"))
FAILING = RunFact(step=StepFact(name="create_schema", status=StepStatus.RETRYING, tries=7, error="disk full"))
HANGING = RunFact(step=StepFact(name="create_schema", status=StepStatus.RUNNING))
WAITS_FOR_SIGNAL = RunFact(awaited=Awaited.SIGNAL)
HERE = QueueFact(name="tenantry", workers=1)
NOBODY = QueueFact(name="tenantry", workers=0)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


NOBODY_FOR_LONG = QueueFact(name="tenantry", workers=0, gone_since=ago(9_000))


def facts(idle: float = 10_800, **more: Any) -> Facts:
    return Facts(**{"now": NOW, "status": Status.RUNNING, "progressed_at": ago(idle), **more})


def waited(cause: Cause, since: float = 10_800, **more: Any) -> Recorded:
    return Recorded(cause=cause, since=ago(since), still_since=ago(since), evidence=Evidence(**more))


APPROVAL = waited(Cause.AWAITING_APPROVAL)
SIGNAL = waited(Cause.WAITING, awaited=Awaited.SIGNAL)
RANG = waited(Cause.SLEEPING, awaited=Awaited.TIMER, until=ago(20))


@pytest.mark.parametrize(
    ("wait", "keeps", "over_for", "cause"),
    [
        (APPROVAL, {"run": BROKEN}, 0, Cause.WORKFLOW_FAILING),
        (APPROVAL, {"queue": NOBODY_FOR_LONG}, 0, Cause.NO_WORKER),
        (SIGNAL, {"run": BROKEN}, 0, Cause.WORKFLOW_FAILING),
        (SIGNAL, {"run": FAILING, "queue": HERE}, 0, Cause.STEP_RETRYING),
        (waited(Cause.WAITING, awaited=Awaited.CHILD), {"run": BROKEN}, 0, Cause.WORKFLOW_FAILING),
        (SIGNAL, {"cancel": Delivery(asked_at=ago(15))}, 15, Cause.CANCEL_PENDING),
        (
            APPROVAL,
            {"asked_for_decision_at": ago(10_800), "cancel": Delivery(asked_at=ago(15))},
            15,
            Cause.CANCEL_PENDING,
        ),
        (SIGNAL, {"cancel": Delivery(asked_at=ago(15)), "queue": NOBODY_FOR_LONG}, 15, Cause.NO_WORKER),
        (RANG, {"run": BROKEN}, 20, Cause.WORKFLOW_FAILING),
        (RANG, {"queue": NOBODY_FOR_LONG}, 20, Cause.NO_WORKER),
        (None, {"sleeps_until": ago(20), "queue": NOBODY_FOR_LONG}, 20, Cause.NO_WORKER),
        (waited(Cause.SLEEPING, until=NOW + timedelta(days=1)), {"run": BROKEN}, 0, Cause.WORKFLOW_FAILING),
    ],
)
def test_what_keeps_a_run_after_a_wait_does_so_since_the_wait_was_over(
    wait: Recorded | None, keeps: dict[str, Any], over_for: float, cause: Cause
) -> None:
    answer = diagnose(facts(recorded=wait, **keeps))

    assert (answer.cause, answer.health) == (cause, Health.OK)
    assert answer.since == answer.still_since == answer.moved_at == ago(over_for)


@pytest.mark.parametrize(("over_for", "health"), [(20, Health.OK), (40, Health.SLOW), (130, Health.STUCK)])
def test_patience_begins_when_a_wait_is_over(over_for: float, health: Health) -> None:
    rang = waited(Cause.SLEEPING, awaited=Awaited.TIMER, until=ago(over_for))
    due = facts(sleeps_until=ago(over_for), queue=NOBODY)

    assert diagnose(facts(recorded=rang, run=BROKEN)).health is health
    assert diagnose(due).health is health


def test_what_goes_on_after_a_wait_has_no_cause_and_time_anew() -> None:
    answer = diagnose(facts(recorded=SIGNAL, run=HANGING, queue=HERE))

    assert (answer.cause, answer.health, answer.moved_at) == (None, Health.OK, NOW)


@pytest.mark.parametrize(
    "known",
    [
        {"recorded": SIGNAL, "run": WAITS_FOR_SIGNAL, "queue": HERE},
        {"recorded": SIGNAL, "queue": NOBODY},
        {"recorded": APPROVAL, "asked_for_decision_at": ago(10_800), "queue": NOBODY},
        {"recorded": waited(Cause.RUN_PAUSED), "run": RunFact(state=RunState.PAUSED, paused_at=ago(10_800))},
        {"recorded": waited(Cause.SLEEPING), "sleeps_until": NOW + timedelta(days=1), "queue": NOBODY},
    ],
)
def test_a_wait_that_goes_on_has_begun_when_it_began(known: dict[str, Any]) -> None:
    answer = diagnose(facts(**known))

    assert known["recorded"].cause is answer.cause
    assert (answer.since, answer.still_since, answer.moved_at) == (ago(10_800), ago(10_800), None)
    assert answer.health is Health.OK


def test_whoever_could_not_look_has_ended_no_wait() -> None:
    silent = diagnose(facts(recorded=SIGNAL, temporal_answers=False))
    asked = waited(Cause.AWAITING_APPROVAL)
    unstarted = diagnose(facts(recorded=asked, asked_for_decision_at=ago(10_800), status=Status.PENDING))

    assert (silent.cause, silent.moved_at) == (Cause.TEMPORAL_UNREACHABLE, None)
    assert (unstarted.cause, unstarted.moved_at) == (Cause.NOT_STARTED, None)


@pytest.mark.parametrize("wait", [SIGNAL, waited(Cause.SLEEPING, awaited=Awaited.TIMER, until=NOW + timedelta(days=1))])
def test_what_was_over_while_nobody_could_look_was_over_when_somebody_looks_again(wait: Recorded) -> None:
    silent = diagnose(facts(recorded=wait, temporal_answers=False))
    still = diagnose(facts(recorded=as_kept(silent), temporal_answers=False))
    same = RunFact(awaited=wait.evidence.awaited, until=wait.evidence.until)

    waits = diagnose(facts(recorded=as_kept(still), run=same, queue=HERE))
    broken = diagnose(facts(recorded=as_kept(still), run=BROKEN, queue=HERE))

    assert (silent.cause, still.cause, still.health) == (*[Cause.TEMPORAL_UNREACHABLE] * 2, Health.UNKNOWN)
    assert (waits.cause, waits.since, waits.moved_at) == (wait.cause, ago(10_800), None)
    assert (broken.cause, broken.since, broken.health) == (Cause.WORKFLOW_FAILING, NOW, Health.OK)


def as_kept(said: Diagnosis) -> Recorded:
    assert said.cause is not None
    assert said.since is not None
    assert said.still_since is not None
    return Recorded(cause=said.cause, since=said.since, still_since=said.still_since, evidence=said.evidence)


def test_what_sleeps_needs_no_worker_until_its_timer_rings() -> None:
    sleeps = diagnose(facts(recorded=waited(Cause.SLEEPING, until=NOW + timedelta(hours=1)), queue=NOBODY_FOR_LONG))
    rang = diagnose(facts(recorded=RANG, queue=NOBODY_FOR_LONG))

    assert (sleeps.cause, sleeps.since, sleeps.health) == (Cause.SLEEPING, ago(10_800), Health.OK)
    assert (rang.cause, rang.since, rang.health) == (Cause.NO_WORKER, ago(20), Health.OK)


def test_a_pause_ends_no_wait_and_what_is_let_go_on_waits_since_then() -> None:
    paused = RunFact(state=RunState.PAUSED, paused_at=ago(600))
    begun = diagnose(facts(recorded=SIGNAL, run=paused))
    over = diagnose(facts(recorded=as_kept(begun), run=WAITS_FOR_SIGNAL, queue=HERE))

    assert (begun.since, begun.moved_at) == (ago(600), None)
    assert (over.cause, over.since, over.moved_at) == (Cause.WAITING, NOW, NOW)


def test_a_wait_that_follows_another_is_as_old_as_itself() -> None:
    sleeps = RunFact(awaited=Awaited.TIMER, until=NOW + timedelta(hours=1))

    assert diagnose(facts(recorded=SIGNAL, run=sleeps, queue=HERE)).since == NOW
    assert diagnose(facts(recorded=RANG, run=sleeps, queue=HERE)).since == ago(20)
    assert diagnose(facts(recorded=RANG, run=RunFact(awaited=Awaited.CHILD), queue=HERE)).since == ago(20)


def test_a_run_that_was_ended_while_it_waited_has_drifted_since_then_and_was_not_helped_on() -> None:
    gone = facts(recorded=SIGNAL, finding=FindingKind.GONE)

    assert (diagnose(gone).since, diagnose(gone).moved_at) == (NOW, None)


def test_a_standstill_that_changes_its_cause_lasts_since_nothing_moves() -> None:
    failing = Recorded(cause=Cause.STEP_RETRYING, since=ago(600), still_since=ago(600))
    answer = diagnose(facts(600, recorded=failing, queue=NOBODY, run=FAILING))

    assert (answer.cause, answer.still_since, answer.health) == (Cause.NO_WORKER, ago(600), Health.STUCK)
    assert answer.moved_at is None


def test_what_was_awaited_is_still_said_when_nobody_looks_again() -> None:
    assert diagnose(facts(recorded=waited(Cause.WAITING, awaited=Awaited.CHILD))).evidence.awaited is Awaited.CHILD


@pytest.mark.parametrize("known", [None, waited(Cause.SLEEPING, awaited=Awaited.TIMER, until=NOW + timedelta(days=7))])
@pytest.mark.parametrize("run", [None, WAITS_FOR_SIGNAL, RunFact(awaited=Awaited.TIMER, until=NOW + timedelta(days=7))])
def test_what_was_decided_neither_sleeps_nor_waits(known: Recorded | None, run: RunFact | None) -> None:
    decided = facts(300, was_decided=True, recorded=known, run=run)

    assert diagnose(replace(decided, queue=NOBODY_FOR_LONG)).cause is Cause.NO_WORKER
    assert diagnose(replace(decided, queue=HERE)).cause not in (Cause.SLEEPING, Cause.WAITING)


def test_a_removal_sleeps_on_when_it_was_decided() -> None:
    due = NOW + timedelta(hours=1)

    assert diagnose(facts(300, was_decided=True, removes=True, sleeps_until=due)).cause is Cause.SLEEPING


UNREAD = RunFact(awaited=Awaited.NOT_SEEN)
SLEEPS = waited(Cause.SLEEPING, awaited=Awaited.TIMER, until=NOW + timedelta(hours=5))


@pytest.mark.parametrize("queue", [HERE, NOBODY_FOR_LONG, None])
@pytest.mark.parametrize("wait", [SIGNAL, SLEEPS, waited(Cause.WAITING, awaited=Awaited.CHILD)])
def test_a_wait_of_which_nobody_has_read_goes_on(wait: Recorded, queue: QueueFact | None) -> None:
    answer = diagnose(facts(recorded=wait, run=UNREAD, queue=queue))

    assert (answer.cause, answer.health, answer.evidence) == (wait.cause, Health.OK, wait.evidence)
    assert (answer.since, answer.still_since, answer.moved_at) == (ago(10_800), ago(10_800), None)


@pytest.mark.parametrize("wait", [SIGNAL, SLEEPS])
def test_a_wait_of_which_nobody_has_read_goes_on_also_after_nobody_could_look(wait: Recorded) -> None:
    silent = diagnose(facts(recorded=wait, temporal_answers=False))

    answer = diagnose(facts(recorded=as_kept(silent), run=UNREAD, queue=HERE))

    assert (answer.cause, answer.health) == (wait.cause, Health.OK)
    assert (answer.since, answer.moved_at) == (ago(10_800), None)


def test_nothing_is_said_of_the_health_of_what_nobody_has_read() -> None:
    assert diagnose(facts(run=UNREAD, queue=HERE)).health is Health.UNKNOWN
    assert diagnose(facts(run=UNREAD, queue=HERE)).moved_at is None
    assert diagnose(facts(idle=5, run=UNREAD, queue=HERE)).health is Health.OK


def test_a_timer_whose_time_has_come_is_over_once_somebody_has_read_what_came_of_it() -> None:
    unread = diagnose(facts(recorded=RANG, run=UNREAD, queue=HERE))
    read = diagnose(facts(recorded=as_kept(unread), run=WAITS_FOR_SIGNAL, queue=HERE))

    assert (unread.health, unread.moved_at) == (Health.UNKNOWN, None)
    assert (read.cause, read.since, read.moved_at) == (Cause.WAITING, ago(20), ago(20))


def test_what_sleeps_does_so_also_when_a_round_has_no_time_for_it() -> None:
    answer = diagnose(facts(recorded=SLEEPS, queue=HERE))

    assert (answer.cause, answer.health, answer.moved_at) == (Cause.SLEEPING, Health.OK, None)


def test_a_pause_is_over_also_where_nobody_has_read_what_the_run_waits_for() -> None:
    answer = diagnose(facts(recorded=waited(Cause.RUN_PAUSED, 600), run=UNREAD, queue=HERE))

    assert (answer.moved_at, answer.health) == (ago(10_200), Health.UNKNOWN)


@pytest.mark.parametrize("cause", [Cause.STEP_PAUSED, Cause.RUN_PAUSED])
@pytest.mark.parametrize(("stood_for", "health"), [(950, Health.STUCK), (40, Health.SLOW), (5, Health.OK)])
def test_the_time_of_a_pause_does_not_count(cause: Cause, stood_for: float, health: Health) -> None:
    paused = facts(stood_for + 3_600, recorded=waited(cause, 3_600))

    failing = diagnose(replace(paused, run=FAILING, queue=HERE))

    assert (failing.cause, failing.health) == (Cause.STEP_RETRYING, health)
    assert failing.moved_at == failing.since == failing.still_since == ago(stood_for)


def test_what_moved_during_a_pause_has_stood_still_for_no_time_after_it() -> None:
    answer = diagnose(facts(600, recorded=waited(Cause.STEP_PAUSED, 3_600), run=FAILING, queue=HERE))

    assert (answer.cause, answer.health, answer.moved_at) == (Cause.STEP_RETRYING, Health.OK, NOW)


@pytest.mark.parametrize("wait", [SIGNAL, RANG])
def test_what_fails_after_a_pause_that_was_laid_over_a_wait_does_so_since_the_pause(wait: Recorded) -> None:
    paused = diagnose(facts(recorded=wait, run=RunFact(state=RunState.PAUSED, paused_at=ago(600))))
    failing = diagnose(facts(recorded=as_kept(paused), run=BROKEN, queue=HERE))

    assert (paused.cause, paused.evidence.awaited) == (Cause.RUN_PAUSED, wait.evidence.awaited)
    assert paused.since == paused.still_since == ago(600)
    assert (failing.cause, failing.health, failing.moved_at) == (Cause.WORKFLOW_FAILING, Health.OK, NOW)


def test_a_pause_that_ends_while_nobody_can_look_does_not_count_either() -> None:
    silent = diagnose(facts(4_000, recorded=waited(Cause.STEP_PAUSED, 3_600), temporal_answers=False))
    still = diagnose(facts(4_000, recorded=as_kept(silent), temporal_answers=False))
    failing = diagnose(facts(4_000, recorded=as_kept(still), run=FAILING, queue=HERE))

    assert still.evidence.paused_since == ago(3_600)
    assert (failing.cause, failing.moved_at) == (Cause.STEP_RETRYING, ago(400))


def test_of_two_pauses_one_over_the_other_no_time_counts() -> None:
    both = RunFact(state=RunState.PAUSED, paused_at=ago(600))
    second = diagnose(facts(4_000, recorded=waited(Cause.STEP_PAUSED, 3_600), run=both))
    again = diagnose(facts(4_000, recorded=as_kept(second), run=both))
    failing = diagnose(facts(4_000, recorded=as_kept(again), run=FAILING, queue=HERE))

    assert (second.cause, second.since, again.evidence) == (Cause.RUN_PAUSED, ago(600), second.evidence)
    assert (failing.cause, failing.moved_at) == (Cause.STEP_RETRYING, ago(400))
