"""One answer for whatever is known: a cause, a health, a sentence, and who has to do what."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from operations.diagnosis import facts as known
from operations.diagnosis.evidence import Awaited
from operations.diagnosis.facts import (
    CodeFact,
    Delivery,
    Facts,
    Patience,
    QueueFact,
    Recorded,
    RunFact,
    RunState,
    StepFact,
)
from operations.diagnosis.verdicts import Diagnosis, diagnose
from operations.diagnosis.waits import DRIFTS, WAITS
from operations.statuses import Cause, CloseReason, FindingKind, Health, Status, StepStatus

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
QUEUE = "tenantry"


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def facts(idle: float = 60, **more: Any) -> Facts:
    """A running execution that has stood still for so many seconds."""
    return Facts(**{"now": NOW, "status": Status.RUNNING, "progressed_at": ago(idle), **more})


def step(status: StepStatus = StepStatus.RUNNING, **more: Any) -> StepFact:
    return StepFact(**{"name": "create_schema", "status": status, **more})


def here(**more: Any) -> QueueFact:
    return QueueFact(**{"name": QUEUE, "workers": 1, **more})


def recorded(cause: Cause, since: datetime) -> Recorded:
    return Recorded(cause=cause, since=since, still_since=since)


def as_kept(said: Diagnosis, *, at: datetime | None = None) -> Recorded:
    """As its row has it; `at`: since when the cause lasts, where a worker's report had named it before."""
    assert said.cause is not None
    assert said.since is not None
    assert said.still_since is not None
    return Recorded(
        cause=said.cause,
        since=at or said.since,
        still_since=said.still_since,
        evidence=said.evidence,
        error=None if said.signature is None else said.detail,
    )


NOBODY_HERE = QueueFact(name=QUEUE, workers=0, gone_since=ago(60))
FAILING = step(StepStatus.RETRYING, tries=7, error="permission denied for schema public")

moments = st.integers(-3600, 3600).map(lambda seconds: NOW + timedelta(seconds=seconds))
words = st.one_of(
    st.none(), st.sampled_from(["permission denied", "disk full", "Class X is not registered on this worker", ""])
)
deliveries = st.builds(Delivery, asked_at=moments, tries=st.integers(0, 30), error=words, asked_by=words)
steps = st.builds(
    StepFact,
    name=st.sampled_from(["create_schema", "charge_card"]),
    status=st.sampled_from(StepStatus),
    tries=st.integers(1, 30),
    error=words,
    next_try_at=st.none() | moments,
    is_paused=st.booleans(),
    is_scheduled=st.booleans(),
)
codes = st.builds(
    CodeFact,
    failures=st.integers(0, 5),
    error=words,
    is_scheduled=st.booleans(),
    contradicts_history=st.booleans(),
    build=st.sampled_from([None, "one"]),
    is_unknown_type=st.booleans(),
)
runs = st.builds(
    RunFact,
    state=st.sampled_from(RunState),
    build=st.sampled_from([None, "one", "two"]),
    code=st.none() | codes,
    step=st.none() | steps,
    awaited=st.none() | st.sampled_from(Awaited),
    until=st.none() | moments,
    paused_at=st.none() | moments,
    paused_by=words,
    paused_why=words,
)
queues = st.builds(
    QueueFact,
    name=st.just(QUEUE),
    workers=st.integers(0, 2),
    gone_since=st.none() | moments,
    builds=st.sets(st.sampled_from(["one", "two"])).map(frozenset),
)
anything = st.builds(
    Facts,
    now=st.just(NOW),
    status=st.sampled_from(Status),
    progressed_at=moments,
    close_reason=st.none() | st.sampled_from(CloseReason),
    error=words,
    recorded=st.none() | st.builds(Recorded, cause=st.sampled_from(Cause), since=moments, still_since=moments),
    start=st.none() | deliveries,
    cancel=st.none() | deliveries,
    finding=st.none() | st.sampled_from(FindingKind),
    asked_for_decision_at=st.none() | moments,
    removes=st.booleans(),
    sleeps_until=st.none() | moments,
    step=st.none() | steps,
    queue=st.none() | queues,
    run=st.none() | runs,
    temporal_answers=st.none() | st.booleans(),
)


@settings(max_examples=200, deadline=None)
@given(anything)
@example(facts(now=NOW, progressed_at=NOW + timedelta(minutes=10)))
def test_whatever_is_known_gives_one_cause_and_a_sentence(all_known: Facts) -> None:
    answer = diagnose(all_known)

    assert re.fullmatch(r"[A-Z“].*[.”?…]", answer.sentence), answer.sentence
    assert answer.advice.action.endswith(".")
    if answer.cause is None:
        assert (answer.health, answer.since, answer.detail) == (Health.OK, None, None)
    else:
        assert answer.detail
        assert answer.since is not None
        assert answer.since <= NOW


@settings(max_examples=200, deadline=None)
@given(anything)
def test_an_open_execution_that_stands_still_has_a_cause(all_known: Facts) -> None:
    answer = diagnose(all_known)

    idle = NOW - (answer.moved_at or all_known.progressed_at)
    is_idle = not all_known.status.is_final and idle >= all_known.patience.slow_after
    assert not is_idle or answer.cause is not None


@settings(max_examples=200, deadline=None)
@given(anything)
def test_what_has_ended_is_never_slow_nor_stuck(all_known: Facts) -> None:
    answer = diagnose(all_known)

    assert not all_known.status.is_final or answer.health in (Health.OK, Health.DRIFT)


@settings(max_examples=200, deadline=None)
@given(anything)
def test_no_unanswered_question_makes_a_still_execution_fine(all_known: Facts) -> None:
    answer = diagnose(all_known)

    asked_in_vain = all_known.temporal_answers is False and all_known.run is None
    is_idle = all_known.status is Status.RUNNING and all_known.idle >= all_known.patience.slow_after
    assert not (asked_in_vain and is_idle) or answer.health is not Health.OK or answer.cause in WAITS


@settings(max_examples=200, deadline=None)
@given(anything)
def test_drift_is_said_of_drift_alone(all_known: Facts) -> None:
    answer = diagnose(all_known)

    assert answer.health is not Health.DRIFT or answer.cause in DRIFTS


def test_a_clock_set_back_makes_nothing_stuck() -> None:
    answer = diagnose(facts(progressed_at=NOW + timedelta(minutes=10), queue=here()))

    assert (answer.health, answer.cause) == (Health.OK, None)


@pytest.mark.parametrize(
    ("all_known", "cause", "sentence"),
    [
        (
            facts(status=Status.PENDING, start=Delivery(asked_at=ago(40), tries=3, error="The queue is paused.")),
            Cause.NOT_STARTED,
            "Its start was tried 3 times. The queue is paused.",
        ),
        (
            facts(status=Status.PENDING, start=Delivery(asked_at=ago(40)), temporal_answers=False),
            Cause.TEMPORAL_UNREACHABLE,
            "Temporal does not answer, so nobody can tell how it is doing.",
        ),
        (facts(temporal_answers=False), Cause.TEMPORAL_UNREACHABLE, "Temporal does not answer"),
        (facts(queue=NOBODY_HERE), Cause.NO_WORKER, "No worker takes work from the queue “tenantry”."),
        (facts(queue=NOBODY_HERE, step=FAILING), Cause.NO_WORKER, "No worker takes work from the queue “tenantry”."),
        (
            facts(queue=here(), run=RunFact(step=step(is_scheduled=True))),
            Cause.NO_WORKER,
            "No worker is free: those that take work from the queue “tenantry” are busy.",
        ),
        (
            facts(queue=here(builds=frozenset({"new"})), run=RunFact(build="old", code=CodeFact(is_scheduled=False))),
            Cause.WRONG_BUILD,
            "No worker has the code “old” that it needs.",
        ),
        (
            facts(queue=here(), run=RunFact(code=CodeFact(failures=2, error="Class A is gone", is_unknown_type=True))),
            Cause.WRONG_BUILD,
            "No worker has the code that it needs. Class A is gone.",
        ),
        (
            facts(step=step(StepStatus.RETRYING, error="Activity function f is not registered on this worker")),
            Cause.WRONG_BUILD,
            "No worker has the code that it needs. Activity function f is not registered on this worker.",
        ),
        (facts(step=FAILING), Cause.STEP_RETRYING, "“Create schema” failed 7 times. Permission denied"),
        (facts(step=step(tries=2, error="disk full")), Cause.STEP_RETRYING, "“Create schema” failed once. Disk full."),
        (
            facts(queue=here(), run=RunFact(step=step(worker="1@a"))),
            Cause.STEP_HANGING,
            "“Create schema” has begun and says nothing.",
        ),
        (
            facts(
                run=RunFact(
                    step=step(StepStatus.RETRYING, is_paused=True),
                    paused_by="ops@example.com",
                    paused_why="incident 42",
                )
            ),
            Cause.STEP_PAUSED,
            "“Create schema” was paused by ops@example.com: “incident 42”.",
        ),
        (
            facts(run=RunFact(code=CodeFact(failures=5, error="[TMPRL1100] no", contradicts_history=True, build="b7"))),
            Cause.WORKFLOW_FAILING,
            "The code of build b7 does not match this run's history: no.",
        ),
        (
            facts(asked_for_decision_at=ago(60)),
            Cause.AWAITING_APPROVAL,
            "Waiting for an operator to approve the enterprise plan.",
        ),
        (
            facts(asked_for_decision_at=ago(60), removes=True, sleeps_until=ago(-60)),
            Cause.AWAITING_APPROVAL,
            "Waiting for another person to approve the removal; nothing is deleted before.",
        ),
        (
            facts(asked_for_decision_at=ago(60), queue=NOBODY_HERE),
            Cause.AWAITING_APPROVAL,
            "Waiting for an operator to approve the enterprise plan. No worker is there to go on afterwards.",
        ),
        (facts(sleeps_until=NOW + timedelta(hours=1)), Cause.SLEEPING, "It sleeps until 2026-11-28 13:00 UTC."),
        (
            facts(cancel=Delivery(asked_at=ago(40), asked_by="ops@example.com"), step=FAILING),
            Cause.CANCEL_PENDING,
            "A cancel was asked for by ops@example.com, and the run has not taken it: it still works.",
        ),
        (
            facts(status=Status.FAILED, close_reason=CloseReason.START_REJECTED, error="unknown type"),
            Cause.START_REJECTED,
            "Temporal refused to start it. Unknown type.",
        ),
        (
            facts(run=RunFact(state=RunState.CLOSED)),
            Cause.DRIFTED,
            "The database and Temporal disagree about it (ended).",
        ),
        (facts(finding=FindingKind.FOREIGN), Cause.DRIFTED, "The database and Temporal disagree about it (foreign)."),
        (facts(run=RunFact(state=RunState.MISSING)), Cause.GONE, "Temporal does not know the run any more."),
        (
            facts(run=RunFact(state=RunState.PAUSED, paused_by="ops@example.com")),
            Cause.RUN_PAUSED,
            "The run was paused by ops@example.com.",
        ),
        (
            facts(queue=here(), run=RunFact(awaited=Awaited.SIGNAL)),
            Cause.WAITING,
            "It waits for a signal from outside.",
        ),
        (facts(queue=here()), Cause.UNKNOWN, "It does not move, and nothing that is known says why."),
    ],
)
def test_each_cause_is_recognised_by_its_facts(all_known: Facts, cause: Cause, sentence: str) -> None:
    answer = diagnose(all_known)

    assert answer.cause is cause
    assert answer.sentence.startswith(sentence)


@pytest.mark.parametrize(
    ("idle", "health"), [(5, Health.OK), (29, Health.OK), (30, Health.SLOW), (119, Health.SLOW), (120, Health.STUCK)]
)
def test_it_becomes_slow_then_stuck(idle: float, health: Health) -> None:
    assert diagnose(facts(idle, queue=here(), run=RunFact(step=step()), step=FAILING)).health in (health, Health.OK)
    assert diagnose(facts(idle, step=FAILING)).health is health


def test_a_certain_cause_is_stuck_when_it_has_lasted_although_the_step_is_usually_slow() -> None:
    slow_step = Patience(slow_after=timedelta(hours=1), stuck_after=timedelta(hours=2))
    failing = facts(600, patience=slow_step, step=FAILING, recorded=recorded(Cause.STEP_RETRYING, ago(120)))

    assert diagnose(failing).health is Health.STUCK


def test_a_step_that_usually_takes_an_hour_does_not_hang_after_ten_minutes() -> None:
    slow_step = Patience(slow_after=timedelta(hours=1), stuck_after=timedelta(hours=2))

    assert diagnose(facts(600, patience=slow_step, queue=here(), run=RunFact(step=step()))).cause is None


def test_waiting_for_a_person_is_fine_until_it_takes_too_long() -> None:
    asked = facts(7200, asked_for_decision_at=ago(7200))
    impatient = facts(7200, asked_for_decision_at=ago(7200), patience=Patience(waits=timedelta(hours=1)))

    assert (diagnose(asked).health, diagnose(impatient).health) == (Health.OK, Health.SLOW)


def test_a_timer_that_should_have_rung_is_late_like_anything_else() -> None:
    late = facts(7200, queue=here(), run=RunFact(awaited=Awaited.TIMER, until=ago(150)))

    assert (diagnose(late).cause, diagnose(late).health) == (Cause.SLEEPING, Health.STUCK)


def test_what_nobody_could_look_at_is_unknown_and_not_fine() -> None:
    assert diagnose(facts(600, temporal_answers=False)).health is Health.UNKNOWN
    assert diagnose(facts(600, queue=here())).health is Health.UNKNOWN


def test_a_cause_lasts_since_it_was_first_seen_and_anew_after_progress() -> None:
    seen = recorded(Cause.STEP_RETRYING, ago(50))

    assert diagnose(facts(60, step=FAILING, recorded=seen)).since == ago(50)
    assert diagnose(facts(40, step=FAILING, recorded=seen)).since == ago(40)


def test_what_waited_for_a_signal_when_the_workers_were_there_still_does_without_them() -> None:
    seen = recorded(Cause.WAITING, ago(50))

    assert diagnose(facts(60, recorded=seen, queue=NOBODY_HERE)).cause is Cause.WAITING


def test_trouble_lasts_since_nothing_moves_from_one_cause_to_the_next() -> None:
    failing = diagnose(facts(600, step=FAILING))
    alone = diagnose(facts(600, step=FAILING, queue=NOBODY_HERE, recorded=as_kept(failing, at=ago(600))))
    again = diagnose(facts(600, step=FAILING, queue=here(), recorded=as_kept(alone, at=ago(60))))

    assert (failing.cause, alone.cause, again.cause) == (
        Cause.STEP_RETRYING,
        Cause.NO_WORKER,
        Cause.STEP_RETRYING,
    )
    assert failing.still_since == alone.still_since == again.still_since == ago(600)
    assert alone.since is not None
    assert alone.since > ago(600)


def test_trouble_that_follows_a_wait_or_progress_is_young() -> None:
    waited = Recorded(cause=Cause.AWAITING_APPROVAL, since=ago(5000), still_since=ago(5000))
    moved = Recorded(cause=Cause.NO_WORKER, since=ago(5000), still_since=ago(5000))

    assert diagnose(facts(5000, step=FAILING, recorded=waited)).still_since == NOW
    assert diagnose(facts(60, step=FAILING, recorded=moved)).still_since == ago(60)


def test_a_timer_that_should_have_rung_is_late_since_then() -> None:
    late = facts(7200, queue=here(), run=RunFact(awaited=Awaited.TIMER, until=ago(150)))

    assert diagnose(late).still_since == ago(150)


@pytest.mark.parametrize(
    "run", [None, RunFact(step=step(is_scheduled=True)), RunFact(step=step(status=StepStatus.RETRYING))]
)
def test_what_no_worker_took_is_known_until_workers_can_be_told_again(run: RunFact | None) -> None:
    alone = diagnose(facts(600, queue=NOBODY_HERE))
    begun_anew = facts(600, queue=None, run=run, recorded=as_kept(alone))

    assert diagnose(facts(600, queue=None, run=run)).cause is not Cause.NO_WORKER
    assert diagnose(begun_anew) == alone
    assert diagnose(replace(begun_anew, queue=here(), run=None)).cause is Cause.UNKNOWN
    assert diagnose(replace(begun_anew, progressed_at=NOW - timedelta(seconds=1))).cause is not Cause.NO_WORKER


@pytest.mark.parametrize(
    "run",
    [
        RunFact(step=step()),
        RunFact(code=CodeFact(failures=3, error="a mistake")),
        RunFact(step=step(is_paused=True), paused_by="ops@example.com", paused_at=ago(300)),
        RunFact(state=RunState.PAUSED, paused_at=ago(300)),
    ],
)
def test_what_a_run_told_is_known_while_it_cannot_be_asked(run: RunFact) -> None:
    seen = diagnose(facts(600, queue=here(), run=run))

    assert seen.cause not in (None, Cause.UNKNOWN)
    assert diagnose(facts(600, queue=here(), recorded=as_kept(seen))) == seen


def test_errors_have_a_signature_and_waits_have_none() -> None:
    assert diagnose(facts(step=FAILING)).signature == "Permission denied for schema public"
    assert diagnose(facts(asked_for_decision_at=ago(60))).signature is None


def test_facts_default_to_not_known() -> None:
    unknown = known.Facts(now=NOW, status=Status.RUNNING, progressed_at=NOW)

    assert (unknown.run, unknown.queue, unknown.temporal_answers) == (None, None, None)


@pytest.mark.parametrize(
    "waits",
    [
        {"asked_for_decision_at": ago(600)},
        {"sleeps_until": NOW + timedelta(days=1)},
        {"recorded": recorded(Cause.WAITING, ago(600)), "progressed_at": ago(600)},
    ],
)
def test_a_cancel_that_was_not_taken_is_said_whatever_the_run_waits_for(waits: dict[str, Any]) -> None:
    asked = Delivery(asked_at=ago(40), asked_by="ops@example.com")

    assert diagnose(facts(cancel=asked, **waits)).cause is Cause.CANCEL_PENDING
