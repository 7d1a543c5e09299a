"""Writes what runs report of their steps: which step, which try, what went wrong. Status is none of its business.

Many reports are written in one transaction of two statements: the steps' own rows, and what their executions' rows
say of them. The second is a projection of the first, so that late and repeated reports change nothing.
"""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from time import monotonic
from uuid import UUID

import psycopg
from prometheus_client import Counter
from psycopg import AsyncConnection

from operations.connections import can_bound_transactions, forget_prepared
from operations.diagnosis import storing
from operations.diagnosis.facts import Facts, StepFact
from operations.diagnosis.remembering import PAUSES
from operations.diagnosis.verdicts import ENDED_BY_PROGRESS, ENDED_BY_TRY, diagnose
from operations.diagnosis.waits import WAITS
from operations.error_texts import clean
from operations.statuses import Status, StepStatus

LONGEST_PROGRESS = 200  # characters

unmatched_reports = Counter(
    "tenantry_unmatched_step_reports_total", "Step reports of runs that no execution follows, which were dropped"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class StepReport:
    """What the worker saw of one try of one step."""

    execution_id: UUID
    ordinal: int
    name: str
    attempt: int
    status: StepStatus
    error: str | None = None
    run_id: str | None = None
    next_try_in: timedelta | None = None
    progress: str | None = None  #: what the step says of itself; something new counts as progress
    began: float = field(default_factory=monotonic)  #: on the worker's clock, used for ages only
    seen: float = field(default_factory=monotonic)

    @property
    def key(self) -> tuple[UUID, int]:
        return self.execution_id, self.ordinal


async def record(
    connection: AsyncConnection, reports: Sequence[StepReport], *, build: str | None = None
) -> frozenset[UUID]:
    """Write reports in the order in which they were made; of several about one step the last one stands.

    Returns the executions whose rows somebody holds: of them nothing is written, and nobody waits for them. Of the
    others, all or none. `connection` has no transaction open, and commits by itself. Raises psycopg's errors. Another
    try of a step that fails moves no `last_progress_at`. `build` is that of the worker whose reports they are.
    """
    latest: dict[tuple[UUID, int], StepReport] = {}
    for report in reports:
        said = latest[report.key].progress if report.key in latest else None
        latest[report.key] = replace(report, progress=report.progress or said)
    ordered = sorted(latest.values(), key=lambda report: report.key)  # one order of locks for all workers
    values = {
        "ids": sorted({report.execution_id for report in ordered}),
        "answers": json.dumps([each async for each in _answers(connection, ordered)]),
        "ended_by_progress": [cause.value for cause in ENDED_BY_PROGRESS],
        "ended_by_try": [cause.value for cause in ENDED_BY_TRY],
        "waits": [cause.value for cause in WAITS],
        "pauses": [cause.value for cause in PAUSES],
    }
    # In one trip, which is one transaction, where the server would end one of which the rest never comes.
    whole = connection.pipeline() if can_bound_transactions(connection) else connection.transaction()
    try:
        async with whole:
            plain = json.dumps([_plain(report) for report in ordered])
            written = await connection.execute(STEPS, {"reports": plain, "ids": values["ids"]})
            await connection.execute(EXECUTIONS, values | {"build": build})
    except psycopg.Error:
        await forget_prepared(connection)
        raise
    matching, held_ids = await written.fetchone() or (0, [])
    held = frozenset(held_ids)
    unmatched_reports.inc(sum(report.execution_id not in held for report in ordered) - matching)
    return held


async def _answers(connection: AsyncConnection, reports: Sequence[StepReport]) -> AsyncIterator[dict[str, object]]:
    """What the tries that went wrong mean for their runs. One that was only interrupted means nothing.

    Of a try that begins where no worker was, it is the one before that went wrong.
    """
    failing = [report for report in reports if report.status is StepStatus.RETRYING and report.error]
    failing += [each async for each in _begun_again(connection, reports)]
    if not failing:  # and nothing is asked
        return
    rows = await connection.execute(NAMES, {"ids": [report.execution_id for report in failing]})
    names = {id_: tenant async for id_, *tenant in rows}
    for report in failing:
        answer = diagnose(_facts(report), *names.get(report.execution_id, ()))
        yield {
            "execution_id": str(report.execution_id),
            "ordinal": report.ordinal,
            "tries": report.attempt,
            "cause": answer.cause,
            "detail": answer.detail,
            "signature": answer.signature,
            "evidence": answer.evidence.as_json(),
        }


async def _begun_again(connection: AsyncConnection, reports: Sequence[StepReport]) -> AsyncIterator[StepReport]:
    """Tries that end what kept them from beginning, with the error of the one before."""
    again = {report.key: report for report in reports if report.status is StepStatus.RUNNING and report.attempt > 1}
    if not again:
        return
    values = {"ids": [id_ for id_, _ in again], "causes": [cause.value for cause in ENDED_BY_TRY]}
    async for id_, ordinal, error in await connection.execute(ERRORS, values):
        if (id_, ordinal) in again:
            yield replace(again[id_, ordinal], error=error)


def _facts(report: StepReport) -> Facts:
    """How its health is, the database's clock tells; here is no other moment than now."""
    now = datetime.now(UTC)
    step = StepFact(name=report.name, status=report.status, tries=report.attempt, error=clean(report.error))
    return Facts(now=now, status=Status.RUNNING, progressed_at=now, step=step)


def _plain(report: StepReport) -> dict[str, object]:
    """Ages instead of times: all stored times are the database's."""
    now = monotonic()
    return {
        "execution_id": str(report.execution_id),
        "ordinal": report.ordinal,
        "name": report.name,
        "status": report.status.value,
        "attempts": report.attempt,
        "run_id": report.run_id,
        "error": clean(report.error),
        "progress": None if report.progress is None else clean(report.progress[:LONGEST_PROGRESS]),
        "next_try": None if report.next_try_in is None else report.next_try_in.total_seconds(),
        "began": now - report.began,
        "seen": now - report.seen,
    }


# A step under way holds the row of its execution: what is told of others goes on without it. All workers lock rows in
# one order. A row deleted by hand blocks nothing; of a run that the row does not follow nothing is written. A try that
# is older than the one known, or known to have ended, is late; only that it ended well is news also after its end was
# guessed with that of the run. A run that goes on after a reset counts its tries anew, and so does a step after one.
STEPS = b"""
    WITH free AS MATERIALIZED (
        SELECT id, run_id FROM workflow_executions WHERE id = ANY(%(ids)s) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
    ), matching AS (
        SELECT r.* FROM jsonb_to_recordset(%(reports)s::jsonb) AS r(
            execution_id uuid, ordinal int, name text, status text, attempts int, run_id text, error text,
            progress text, next_try float8, began float8, seen float8)
        JOIN free e ON e.id = r.execution_id AND coalesce(e.run_id = r.run_id, true)
    ), written AS (
    INSERT INTO execution_steps AS s (
        execution_id, ordinal, name, status, attempts, run_id, error, progress, next_try_at, started_at, tried_at,
        completed_at)
    SELECT r.execution_id, r.ordinal, r.name, r.status, r.attempts, r.run_id, r.error, r.progress,
           clock_timestamp() + make_interval(secs => r.next_try),
           clock_timestamp() - make_interval(secs => r.began),
           clock_timestamp() - make_interval(secs => r.began),
           CASE WHEN r.status IN ('completed', 'failed', 'canceled')
                THEN clock_timestamp() - make_interval(secs => r.seen) END
    FROM matching r
    ON CONFLICT (execution_id, ordinal) DO UPDATE SET
        name = excluded.name, status = excluded.status, attempts = excluded.attempts,
        run_id = coalesce(excluded.run_id, s.run_id),
        error = CASE WHEN excluded.run_id <> s.run_id THEN excluded.error
                     WHEN s.status = 'failed' AND excluded.attempts = s.attempts THEN excluded.error
                     ELSE coalesce(excluded.error, s.error) END,
        progress = CASE WHEN excluded.run_id <> s.run_id THEN excluded.progress
                        ELSE coalesce(excluded.progress, s.progress) END,
        next_try_at = excluded.next_try_at,
        started_at = CASE WHEN excluded.run_id <> s.run_id THEN excluded.started_at ELSE s.started_at END,
        -- Ages suffer from what delays a report on its way: of a short step the end may seem to come first.
        completed_at = CASE WHEN excluded.completed_at IS NOT NULL THEN greatest(excluded.completed_at, s.started_at,
            CASE WHEN excluded.attempts > s.attempts THEN excluded.tried_at ELSE s.tried_at END) END,
        tried_at = CASE WHEN excluded.attempts > s.attempts OR excluded.run_id <> s.run_id
                             OR s.tried_at < s.reset_at AND excluded.tried_at >= s.reset_at
                        THEN excluded.tried_at ELSE s.tried_at END,
        progressed_at = CASE WHEN excluded.progress IS DISTINCT FROM s.progress AND excluded.progress IS NOT NULL
                             THEN clock_timestamp() ELSE s.progressed_at END
    WHERE CASE WHEN excluded.run_id <> s.run_id THEN excluded.tried_at > s.tried_at
               WHEN s.tried_at < s.reset_at AND excluded.tried_at >= s.reset_at THEN true
               ELSE excluded.attempts > s.attempts AND (s.reset_at IS NULL OR excluded.tried_at >= s.reset_at)
                    OR (excluded.attempts = s.attempts AND s.status <> 'completed'
                        AND (s.status = 'running' OR excluded.status = 'completed')) END
    )
    SELECT (SELECT count(*) FROM matching), ARRAY(
        SELECT id FROM workflow_executions WHERE id = ANY(%(ids)s) EXCEPT SELECT id FROM free)
    """

ERRORS = b"""
    SELECT s.execution_id, s.ordinal, s.error FROM execution_steps s JOIN workflow_executions e ON e.id = s.execution_id
    WHERE e.id = ANY(%(ids)s) AND e.cause = ANY(%(causes)s) AND s.error IS NOT NULL
"""
NAMES = storing.NAMES.format(ids="%(ids)s").encode()

# After a failed step come only steps that clean up; the execution keeps pointing at the one that failed. A step that
# ends well after all leaves the run to what it waited for before. What went on has no cause any more; nor has, once a
# worker tries again, what only a worker's absence or silence explained. A plan that lacks steps grows by them. A try
# after a wait ends it: what fails then does so since then; after a pause, as if there had been none.
EXECUTIONS = """
    WITH held AS (
        SELECT id, status, cause, evidence, cause_since, health_since, last_progress_at, health_since AS still_since,
               cause = ANY(%(pauses)s) OR evidence->>'paused_since' IS NOT NULL AS is_paused,
               coalesce(cause_since, health_since, '-infinity') AS since
        FROM workflow_executions WHERE id = ANY(%(ids)s) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
    ), latest AS (
        SELECT s.execution_id, coalesce(min(s.ordinal) FILTER (WHERE s.status = 'failed'), max(s.ordinal)) AS ordinal,
               max(greatest(s.started_at, s.completed_at, s.progressed_at)) AS progressed_at
        FROM held JOIN execution_steps s ON s.execution_id = held.id GROUP BY s.execution_id
    ), shown AS (
        SELECT latest.*, s.name, s.status, (
            SELECT count(*) FROM execution_steps d
            WHERE d.execution_id = latest.execution_id AND d.ordinal <= latest.ordinal AND d.status = 'completed'
        ) AS done, a.cause, a.detail, a.signature, a.evidence, CASE
            WHEN held.status NOT IN ('pending', 'running') THEN 'stays'
            WHEN held.cause = 'step_paused' AND s.status = 'retrying' AND s.tried_at <= held.since THEN 'stays'
            WHEN s.status = 'retrying' AND a.cause IS NOT NULL THEN 'is'
            WHEN held.cause = ANY(%(ended_by_progress)s)
                 AND (s.status = 'completed' OR latest.progressed_at > held.since) THEN 'ended'
            WHEN held.cause = ANY(%(ended_by_try)s) AND s.tried_at > held.since
                THEN CASE WHEN a.cause IS NULL THEN 'ended' ELSE 'is' END
            ELSE 'stays' END AS what, EXISTS (
                SELECT FROM approval_requests r WHERE r.execution_id = held.id
                AND NOT EXISTS (SELECT FROM approvals p WHERE p.execution_id = held.id)) AS is_asking,
               held.cause <> ALL(%(waits)s) AND NOT held.is_paused
                   AND held.still_since >= latest.progressed_at AS stands_still,
               CASE WHEN held.is_paused AND s.tried_at > held.since
                    THEN greatest(held.last_progress_at, latest.progressed_at, $without_pause) END AS after_pause,
               CASE WHEN held.cause = ANY(%(waits)s) AND s.tried_at > held.since THEN s.tried_at END AS waited_until
        FROM latest JOIN held ON held.id = latest.execution_id JOIN execution_steps s USING (execution_id, ordinal)
        LEFT JOIN jsonb_to_recordset(%(answers)s::jsonb) AS a(
            execution_id uuid, ordinal int, tries int, cause text, detail text, signature text, evidence jsonb)
            ON a.execution_id = s.execution_id AND a.ordinal = s.ordinal AND a.tries = s.attempts
    )
    UPDATE workflow_executions e SET
        current_step = shown.name,
        build_id = coalesce(%(build)s::text, e.build_id),
        steps_done = CASE WHEN e.status = 'completed' THEN greatest(e.steps_done, shown.done) ELSE shown.done END,
        steps_total = CASE WHEN e.steps_total < shown.done THEN shown.done ELSE e.steps_total END,
        last_progress_at = greatest(e.last_progress_at, shown.progressed_at,
            CASE WHEN what <> 'stays' AND NOT is_asking THEN coalesce(after_pause, waited_until) END),
        cause = CASE what WHEN 'stays' THEN e.cause WHEN 'is' THEN shown.cause
                     ELSE CASE WHEN is_asking THEN 'awaiting_approval' END END,
        cause_detail = CASE what WHEN 'stays' THEN e.cause_detail WHEN 'is' THEN shown.detail END,
        signature = CASE what WHEN 'stays' THEN e.signature WHEN 'is' THEN shown.signature END,
        evidence = CASE what WHEN 'stays' THEN e.evidence WHEN 'is' THEN shown.evidence END,
        health = CASE WHEN what = 'stays' OR what = 'is' AND e.cause = shown.cause THEN e.health
                      WHEN what = 'is' AND stands_still AND e.health <> 'ok'
                      THEN CASE e.health WHEN 'stuck' THEN 'stuck' ELSE 'slow' END
                      ELSE 'ok' END,
        health_since = CASE WHEN what = 'stays' OR what = 'is' AND (e.cause = shown.cause OR stands_still)
                            THEN e.health_since
                            WHEN what = 'is' OR is_asking THEN coalesce(after_pause, clock_timestamp()) END,
        cause_since = CASE WHEN what = 'stays' OR what = 'is' AND e.cause = shown.cause THEN e.cause_since
                           WHEN what = 'is' OR is_asking THEN coalesce(after_pause, clock_timestamp()) END
    FROM shown WHERE e.id = shown.execution_id
    """.replace("$without_pause", storing.without_pause("held", "s.tried_at")).encode()
