"""What must be true of decisions: each stands, reaches its run and is followed, and who waits for one can get it."""

from dataclasses import dataclass
from uuid import UUID

from pydantic import TypeAdapter
from temporalio.client import WorkflowHistory
from temporalio.converter import DefaultPayloadConverter

from operations import contracts, phrases, tenant_kinds
from operations.statuses import CloseReason, CommandState, Decision, Status
from operations.temporal import Run, RunStatus
from tests.chaos.evidence import Evidence, Row

TIME_LIMIT = "system:time-limit"


@dataclass(frozen=True, kw_only=True, slots=True)
class Stands:
    """A decision as the database has it, and what became of telling the run."""

    execution_id: UUID
    decision: Decision
    decided_by: str
    reason: str | None
    told: tuple[CommandState, ...]  #: states of the commands that were to tell the run

    @property
    def answer(self) -> str:
        """What the run reads: of a refusal also who and why."""
        is_no = self.decision == Decision.REJECTED
        return phrases.ended("Rejected", self.decided_by, self.reason) if is_no else self.decision


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """What the history of a run says of a decision."""

    has_asked: bool
    signals: int
    answers: tuple[str, ...]  #: what it read in the database, as often as it read a decision

    @classmethod
    def of(cls, history: WorkflowHistory) -> "Heard":
        names: dict[int, str] = {}
        signals, asked, answers = 0, False, list[str]()
        for event in history.events:
            if event.HasField("activity_task_scheduled_event_attributes"):
                names[event.event_id] = event.activity_task_scheduled_event_attributes.activity_type.name
            if event.HasField("workflow_execution_signaled_event_attributes"):
                signals += event.workflow_execution_signaled_event_attributes.signal_name == contracts.DECIDED
            if event.HasField("activity_task_completed_event_attributes"):
                done = event.activity_task_completed_event_attributes
                name = names[done.scheduled_event_id]
                asked = asked or name == contracts.REQUEST_APPROVAL
                if name == contracts.SETTLE_APPROVAL:
                    answers += filter(None, DefaultPayloadConverter().from_payloads(done.result.payloads))
        return cls(has_asked=asked, signals=signals, answers=tuple(answers))


async def a_decision_stands_once_and_is_followed(evidence: Evidence) -> list[str]:
    complaints = []
    rows = {row.id: row for row in evidence.rows}
    for id_, decision in evidence.ledger.decided.items():
        found = [row["decision"] for row in await evidence.ask(DECISION, id_)]
        if found != [decision]:
            complaints.append(f"{id_}: acknowledged as {decision}, stands as {found}")
        rejected = rows[id_].close_reason is CloseReason.REJECTED
        if decision == "approved" and rejected:
            complaints.append(f"{rows[id_].workflow_id}: approved, and ended as rejected")
        if decision == "rejected" and rows[id_].status is Status.COMPLETED:
            complaints.append(f"{rows[id_].workflow_id}: rejected, and completed")
    return complaints


DECISION = "SELECT decision FROM approvals WHERE execution_id = %s"


async def a_decision_reaches_its_run_once_or_the_run_had_ended(evidence: Evidence) -> list[str]:
    """The signal may arrive twice, when an answer was lost; the run reads what was decided once."""
    rows = {row.id: row for row in evidence.rows}
    complaints = []
    for found in await evidence.ask(STANDING):
        stands = TypeAdapter(Stands).validate_python(found)
        row = rows[stands.execution_id]
        run = evidence.runs.get(row.workflow_id)
        heard = await _heard(evidence, row)
        complaints += [f"{row.workflow_id}: {complaint}" for complaint in _unheard(stands, heard, run)]
    return complaints


STANDING = """
    SELECT a.execution_id, a.decision, a.decided_by, a.reason, ARRAY(
        SELECT c.state FROM commands c WHERE c.execution_id = a.execution_id AND c.kind = 'decide'
    ) AS told
    FROM approvals a
"""


def _unheard(stands: Stands, heard: Heard, run: Run | None) -> list[str]:
    is_persons = stands.decided_by != TIME_LIMIT
    ended = None if run is None or run.status.is_open else run.status
    wrong = {
        f"{len(stands.told)} commands tell the run": len(stands.told) != is_persons,
        f"{stands.decision}, and the run read {heard.answers}": heard.answers not in ((), (stands.answer,)),
        "told, and no signal arrived": stands.told == (CommandState.DELIVERED,) and not heard.signals,
        "told, and the run went on without looking": stands.told == (CommandState.DELIVERED,)
        and ended in (RunStatus.COMPLETED, RunStatus.FAILED)
        and not heard.answers,
        "given up, and the run is open": stands.told == (CommandState.FAILED,) and ended is None,
        "said to have come too late, and the run had heard of it": stands.told == (CommandState.FAILED,)
        and heard.answers != (),
    }
    return [complaint for complaint, applies in wrong.items() if applies]


async def nobody_waits_for_a_decision_that_cannot_be_made(evidence: Evidence) -> list[str]:
    """By the history of the run, which knows best whether it has asked and not been answered."""
    complaints = []
    for row in evidence.rows:
        run = evidence.runs.get(row.workflow_id)
        if run is None or not run.status.is_open or row.workflow_type != tenant_kinds.PROVISIONING.stored_name:
            continue
        heard = await _heard(evidence, row)
        if heard.has_asked and not heard.answers and not await evidence.ask(CAN_BE_DECIDED, row.id):
            complaints.append(f"{row.workflow_id}: waits for a decision, and nobody can make one")
    return complaints


# By a person who has not, or by the command that tells the run of the one who has.
CAN_BE_DECIDED = """
    SELECT FROM workflow_executions e JOIN approval_requests r ON r.execution_id = e.id
    WHERE e.id = %s AND e.status IN ('pending', 'running') AND (
        NOT EXISTS (SELECT FROM approvals a WHERE a.execution_id = e.id)
        OR EXISTS (SELECT FROM commands c WHERE c.execution_id = e.id AND c.kind = 'decide' AND c.state = 'queued')
    )
"""


async def _heard(evidence: Evidence, row: Row) -> Heard:
    handle = evidence.temporal.client.get_workflow_handle(row.workflow_id)
    return Heard.of(await handle.fetch_history())
