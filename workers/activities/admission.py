"""Admission: whom the steps let in, and what they refuse to do for anybody else; the fence asks it before each.

Whoever may start workflows in the namespace may start any workflow and any activity of ours, with any arguments,
headers and search attributes. So the header only names an execution's row; what counts is what Temporal itself says of
the caller (workflow id, type and run), held against that row. `workers.fence` asks before every
activity, and every transaction of a step asks again under the lock of the row.
"""

from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from psycopg import AsyncConnection
from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from operations import contracts, kinds, tracking
from operations.statuses import Status
from operations.transitions import Transition

AGAIN = timedelta(seconds=15)  #: until a step that came before its row is tried again
PATIENCE = timedelta(hours=24)  #: for which a step waits for somebody to adopt its run


@dataclass(frozen=True, kw_only=True, slots=True)
class CurrentStep:
    """Who asks for the activity that runs in this task: the row by the word of a header, all else by Temporal's."""

    execution_id: UUID
    ordinal: int
    name: str
    workflow_id: str
    workflow_type: str
    run_id: str
    scheduled_at: datetime  #: when the workflow asked for it; tries do not change it

    @classmethod
    def of(cls, info: activity.Info, execution_id: UUID | None, ordinal: int) -> "CurrentStep":
        """Raises `Refused` for an activity that belongs to no run of ours."""
        if info.workflow_id is None or info.workflow_type is None or info.workflow_run_id is None:
            raise Refused(f"The step {info.activity_type} was started by itself, outside of any workflow.")
        if execution_id is None:
            raise Refused(f"The run carries no {contracts.OPERATION_UUID}: Tenantry did not start it.")
        return cls(
            execution_id=execution_id,
            ordinal=ordinal,
            name=info.activity_type,
            workflow_id=info.workflow_id,
            workflow_type=info.workflow_type,
            run_id=info.workflow_run_id,
            scheduled_at=info.scheduled_time,
        )


#: Set by the fence before an activity runs; without it a step refuses to do anything.
current_step: ContextVar[CurrentStep | None] = ContextVar("current_step", default=None)


class Why(StrEnum):
    """What a refusal means for whoever was refused."""

    INTRUDER = "intruder"  #: not ours; it never will be
    SUPERSEDED = "superseded"  #: ours, and over
    NOT_YET = "not_yet"  #: perhaps ours; reconciliation or a person has to say so first


class Refused(ApplicationError):
    """A step did nothing, and says why. Only `NOT_YET` is tried again. The fence logs it, the SDK no traceback."""

    def __init__(self, message: str, why: Why = Why.INTRUDER) -> None:
        self.why = why
        super().__init__(
            f"{message} This step writes nothing.",
            type=_TYPES[why],
            non_retryable=why is not Why.NOT_YET,
            next_retry_delay=AGAIN if why is Why.NOT_YET else None,
            category=ApplicationErrorCategory.BENIGN,
        )


_TYPES = {Why.INTRUDER: "NotTracked", Why.SUPERSEDED: "ExecutionSuperseded", Why.NOT_YET: "NotYet"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """What the fence needs to know of an execution."""

    workflow_id: str
    workflow_type: str  #: as stored
    entity_id: UUID
    status: Status
    run_id: str | None
    has_newer: bool  #: there is a later attempt
    was_undone: bool  #: a later step takes back what this one does

    @property
    def temporal_type(self) -> str:
        kind = kinds.known().get(self.workflow_type)
        return self.workflow_type if kind is None else kind.temporal_name

    def takes(self, step: str) -> bool:
        """Whether a run of its kind takes this step. One that no kind has is its own affair."""
        having = kinds.known().have_step(step)
        return not having or any(kind.stored_name == self.workflow_type for kind in having)


# Whether the step may act for the row that it names: also whether its run has begun to take back what it did.
LOOK = """
    SELECT e.workflow_id, e.workflow_type, e.entity_id, e.status, e.run_id, EXISTS (
        SELECT FROM public.workflow_executions newer
        WHERE newer.entity_id = e.entity_id AND newer.workflow_type = e.workflow_type AND newer.attempt > e.attempt
    ), EXISTS (
        SELECT FROM public.execution_steps later
        WHERE later.execution_id = e.id AND later.run_id = %(run)s
          AND later.ordinal > %(ordinal)s AND later.name = ANY (%(undoing)s)
    )
    FROM public.workflow_executions e WHERE e.id = %(execution)s
"""
HOLD = f"{LOOK} FOR UPDATE OF e"
# Also by the database's clock how long the step has waited for a row: the worker's may be wrong.
OTHER_ROW = """
    SELECT EXISTS (SELECT FROM public.workflow_executions WHERE workflow_id = %(workflow_id)s),
           clock_timestamp() - %(scheduled_at)s > %(patience)s
"""

# The step's row is bookkeeping that may have been lost; what an undoing step undid must stay undone all the same.
BEGUN = """
    INSERT INTO public.execution_steps AS s (execution_id, ordinal, name, run_id, status, attempts)
    VALUES (%(execution)s, %(ordinal)s, %(name)s, %(run)s, 'running', 1)
    ON CONFLICT (execution_id, ordinal) DO UPDATE SET
        run_id = excluded.run_id, name = excluded.name, status = 'running', attempts = 1, error = NULL,
        next_try_at = NULL, completed_at = NULL, started_at = clock_timestamp(), tried_at = clock_timestamp()
    WHERE s.run_id IS DISTINCT FROM excluded.run_id
"""


async def admit(connection: AsyncConnection, step: CurrentStep) -> None:
    """Look whether `step` may act, without holding anything. Raises `Refused`.

    A step can be faster than the news that its run was accepted: that is written here, unless somebody is just at it.
    """
    row = await _judged(connection, LOOK, step)
    if row.run_id is None:
        await tracking.move_free(connection, [_taken(step)])


async def hold_execution(connection: AsyncConnection, tenant_id: str) -> None:
    """Hold the execution of the current step until the transaction ends. Raises `Refused`.

    Temporal gives up on a worker that it believes dead and goes on without it. The old one may still be alive: it must
    not activate a tenant whose run was terminated meanwhile, nor make a schema after it was taken back. A run that the
    row does not know yet is written into it here, where that was not possible before the step.
    """
    step = admitted_step()
    row = await _judged(connection, HOLD, step)
    if str(row.entity_id) != tenant_id:
        raise Refused(f"The execution of {step.workflow_id} is about another tenant than the step names.")
    if row.run_id is None:
        await tracking.move_free(connection, [_taken(step)])
    if step.name in kinds.known().undoing_steps():
        await connection.execute(
            BEGUN,
            {
                "execution": step.execution_id,
                "ordinal": step.ordinal,
                "name": step.name,
                "run": step.run_id,
            },
        )


def admitted_step() -> CurrentStep:
    """The step that runs in this task. Raises `Refused` where the fence was not asked."""
    step = current_step.get()
    if step is None:
        raise Refused("This step was not checked against its execution. It writes nothing.")
    return step


async def _judged(connection: AsyncConnection, question: str, step: CurrentStep) -> Row:
    values = {
        "run": step.run_id,
        "ordinal": step.ordinal,
        "undoing": kinds.known().undoing_steps(),
        "execution": step.execution_id,
    }
    found = await (await connection.execute(question.encode(), values)).fetchone()
    if found is None:
        raise await _refusal_without_row(connection, step)
    row = Row(
        workflow_id=found[0],
        workflow_type=found[1],
        entity_id=found[2],
        status=Status(found[3]),
        run_id=found[4],
        has_newer=found[5],
        was_undone=found[6],
    )
    if refusal := judge(step, row):
        raise refusal
    return row


def judge(step: CurrentStep, row: Row) -> Refused | None:
    """None when `step` may act for `row`. Pure."""
    if strange := _strange(step, row):
        return Refused(strange)
    if row.has_newer:
        return Refused("The execution was replaced by a newer attempt.", Why.SUPERSEDED)
    if row.run_id != step.run_id and (row.run_id is not None or row.status.is_final):
        return Refused("The execution does not follow this run; reconciliation looks whether it should.", Why.NOT_YET)
    if row.status.is_final:
        return Refused(f"The execution has ended ({row.status}).", Why.SUPERSEDED)
    if row.was_undone:
        return Refused("The execution is taking back what this step did.", Why.SUPERSEDED)
    return None


def _strange(step: CurrentStep, row: Row) -> str | None:
    if (row.workflow_id, row.temporal_type) != (step.workflow_id, step.workflow_type):
        return (
            f"The workflow {step.workflow_id} ({step.workflow_type}) names an execution that belongs to "
            f"{row.workflow_id} ({row.temporal_type})."
        )
    if not row.takes(step.name):  # what this step decides by belongs to another execution of the tenant
        return f"The execution is of the kind {row.workflow_type}, whose runs do not take this step."
    return None


async def _refusal_without_row(connection: AsyncConnection, step: CurrentStep) -> Refused:
    """A row that was lost can come back: the run is shown as a finding, and somebody adopts or terminates it."""
    asked = {"workflow_id": step.workflow_id, "scheduled_at": step.scheduled_at, "patience": PATIENCE}
    has_other_row, is_late = await (await connection.execute(OTHER_ROW, asked)).fetchone() or (False, False)
    if has_other_row:
        return Refused(f"The workflow {step.workflow_id} names an execution that does not exist.")
    if is_late:
        return Refused(f"Nobody adopted the run of {step.workflow_id} within {PATIENCE.total_seconds() / 3600:.0f} h.")
    return Refused(f"There is no execution for {step.workflow_id}; it can be adopted or terminated.", Why.NOT_YET)


def _taken(step: CurrentStep) -> Transition:
    return Transition(
        execution_id=step.execution_id,
        to=Status.RUNNING,
        actor="system:worker",
        run_id=step.run_id,
        workflow_id=step.workflow_id,
        own_run_only=True,
    )
