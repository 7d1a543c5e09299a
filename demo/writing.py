"""Writes a story into an empty database, as if the product had lived through it."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from psycopg import Connection

from demo.ends import OPERATORS, RECONCILIATION, WORKER
from demo.fates import SUPPORT
from demo.history import Found, Story
from demo.passes import Pass, passes
from demo.runs import PastRun
from operations.phrases import spelled
from operations.statuses import CloseReason, CommandKind, CommandState, Status, StepStatus

Row = tuple[object, ...]

#: Rows are written as they ended, and no trigger tells of it: the history is written beside them.
QUIET = "SET LOCAL session_replication_role = replica"
PREPARE_MONTHS = """
    SELECT prepare_event_partition(month::date)
    FROM generate_series(date_trunc('month', %s::timestamptz), now(), interval '1 month') AS month
"""


def write(connection: Connection[tuple[object, ...]], story: Story) -> None:
    """Everything that is over, in one transaction."""
    with connection.transaction():
        first = story.fates[0].created_at
        connection.execute(PREPARE_MONTHS, (first,))
        connection.execute(QUIET)
        _customers(connection, story)
        _executions(connection, story)
        _deeds(connection, story)
        _comparisons(connection, story)


def _customers(connection: Connection[tuple[object, ...]], story: Story) -> None:
    _copy(
        connection,
        "tenants (id, slug, name, plan, status, registered_by, created_at, updated_at, activated_at, deleted_at)",
        (
            (
                fate.customer.id,
                fate.customer.slug,
                fate.customer.name,
                fate.customer.plan,
                fate.status,
                fate.registered_by,
                fate.created_at,
                fate.deleted_at or fate.activated_at or fate.created_at,
                fate.activated_at,
                fate.deleted_at,
            )
            for fate in story.fates
        ),
    )
    owned = [(fate.customer, fate.created_at) for fate in story.fates]
    _copy(
        connection,
        "users (id, email, name, created_at)",
        ((customer.owner_id, customer.owner_email, customer.owner_name, at) for customer, at in owned),
    )
    _copy(
        connection,
        "memberships (tenant_id, user_id, role, created_at)",
        ((customer.id, customer.owner_id, "owner", at) for customer, at in owned),
    )


def _executions(connection: Connection[tuple[object, ...]], story: Story) -> None:
    took_its_place = {run.retry_of: run.id for run in story.runs if run.retry_of is not None and run.end is None}
    _copy(
        connection,
        "workflow_executions (id, workflow_id, workflow_type, entity_type, entity_id, status, close_reason, attempt,"
        " retry_of, run_id, task_queue, build_id, input, requested_by, error_message, current_step, steps_done,"
        " steps_total, created_at, started_at, completed_at, last_progress_at, verified_at, updated_at,"
        " superseded_by)",
        ((*_execution(run), took_its_place.get(run.id)) for run in story.runs),
    )
    _copy(
        connection,
        "execution_steps (execution_id, ordinal, name, status, attempts, run_id, started_at, tried_at, completed_at,"
        " error)",
        (row for run in story.runs for row in _steps(run)),
    )
    _copy(
        connection,
        "execution_events (at, execution_id, kind, from_status, to_status, actor, reason, detail)",
        sorted((row for run in story.runs for row in _events(run)), key=_moment),
    )
    _copy(
        connection,
        "commands (kind, execution_id, reason, requested_by, state, tries, due_at, claimed_by, error, created_at,"
        " settled_at)",
        (_start(run) for run in story.runs),
    )
    _copy(
        connection,
        "approvals (execution_id, decision, decided_by, reason, decided_at)",
        (
            (execution, made.decision, made.by, made.reason, made.at)
            for execution, made in sorted(story.decisions.items(), key=lambda item: item[1].at)
        ),
    )


def _execution(run: PastRun) -> Row:
    done = [step for step in run.steps if step.status is StepStatus.COMPLETED]
    is_confirmed = run.ended_at + timedelta(seconds=30)
    return (
        run.id,
        run.kind.attempt_id(run.customer.slug, run.attempt),
        run.kind.stored_name,
        run.kind.entity_type,
        run.customer.id,
        run.status,
        None if run.end is None else run.end.how,
        run.attempt,
        run.retry_of,
        None if run.run_id is None else str(run.run_id),
        "tenantry",
        run.build,
        json.dumps({"arguments": list(run.owner_arguments), "steps": list(run.planned)}),
        run.requested_by,
        None if run.end is None else run.end.error,
        run.steps[-1].name if run.steps else None,
        len(done),
        len(run.planned),
        run.created_at,
        run.started_at,
        run.ended_at,
        run.ended_at,
        is_confirmed,
        is_confirmed,
    )


def _steps(run: PastRun) -> Iterator[Row]:
    for ordinal, step in enumerate(run.steps, start=1):
        yield (
            run.id,
            ordinal,
            step.name,
            step.status,
            step.tries,
            None if run.run_id is None else str(run.run_id),
            step.began_at,
            step.tried_at,
            step.ended_at,
            step.error,
        )


def _events(run: PastRun) -> Iterator[Row]:
    """As the triggers write them."""
    run_id = None if run.run_id is None else str(run.run_id)
    yield run.created_at, run.id, "created", None, Status.PENDING, run.requested_by, run.why, None
    before = Status.PENDING
    if run.started_at is not None:
        detail = json.dumps({"run_id": run_id})
        yield run.started_at, run.id, "status", before, Status.RUNNING, WORKER, None, detail
        before = Status.RUNNING
    end = run.end
    found = {
        "run_id": run_id,
        "close_reason": None if end is None else end.how.value,
        "error": None if end is None else end.error,
    }
    detail = json.dumps({name: value for name, value in found.items() if value is not None})
    by = WORKER if end is None else end.by
    reason = f"Temporal says {spelled(end.how)}." if end is not None and end.by == RECONCILIATION else None
    yield run.ended_at, run.id, "status", before, run.status, by, reason, detail


def _moment(row: Row) -> datetime:
    at = row[0]
    if not isinstance(at, datetime):
        raise TypeError(at)
    return at


def _start(run: PastRun) -> Row:
    refused = run.end is not None and run.end.how is CloseReason.START_REJECTED
    return (
        CommandKind.START,
        run.id,
        run.why,
        run.requested_by,
        CommandState.FAILED if refused else CommandState.DELIVERED,
        1,
        run.created_at,
        "worker",
        run.end.error if refused and run.end is not None else None,
        run.created_at,
        run.started_at or run.ended_at,
    )


def _deeds(connection: Connection[tuple[object, ...]], story: Story) -> None:
    roles = dict.fromkeys(SUPPORT, "support") | dict.fromkeys(OPERATORS, "operator")
    _copy(
        connection,
        "audit_log (at, actor, role, action, outcome, target_kind, target_id, target_label, reason, after)",
        (
            (
                deed.at,
                deed.actor,
                roles[deed.actor],
                deed.action,
                "applied",
                deed.target_kind,
                str(deed.target_id),
                deed.target_label,
                deed.reason,
                json.dumps(dict(deed.after)) if deed.after else None,
            )
            for deed in story.deeds
        ),
    )


def _comparisons(connection: Connection[tuple[object, ...]], story: Story) -> None:
    made = passes(story)
    _copy(
        connection,
        "reconciliation_passes (id, trigger, requested_by, started_at, finished_at, outcome, checked, described, found,"
        " healed)",
        (
            (
                each.id,
                "schedule",
                "system:reconciliation",
                each.started_at,
                each.finished_at,
                each.outcome,
                each.checked,
                each.found,
                each.found,
                each.found,
            )
            for each in made
        ),
    )
    _copy(
        connection,
        "reconciliation_findings (id, pass_id, kind, execution_id, tenant_id, workflow_id, run_id, database_said,"
        " temporal_said, done, first_seen_at, last_seen_at, resolved_at, resolved_by)",
        (_finding(found, each) for each in made for found in each.findings),
    )


def _finding(found: Found, seen_by: Pass) -> Row:
    run = found.run
    how = CloseReason.ERROR if run.end is None else run.end.how
    said = {"status": None} if how is CloseReason.NOT_FOUND else {"status": how, "run_id": str(run.run_id)}
    return (
        found.id,
        seen_by.id,
        found.kind,
        run.id,
        run.customer.id,
        run.kind.attempt_id(run.customer.slug, run.attempt),
        str(run.run_id),
        json.dumps({"status": Status.RUNNING, "run_id": str(run.run_id)}),
        json.dumps({name: value for name, value in said.items() if value is not None}),
        f"running → failed ({spelled(how)})",
        seen_by.started_at,
        seen_by.started_at,
        seen_by.finished_at,
        RECONCILIATION,
    )


def _copy(connection: Connection[tuple[object, ...]], table: str, rows: Iterable[Row]) -> None:
    """`table` names its columns."""
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN".encode()) as copy:
        for row in rows:
            copy.write_row(row)
