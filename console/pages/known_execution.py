"""What the page of an execution knows: the run with all that belongs to it, and when any of that changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from console.channels import View
from console.pages.scope import Scope
from operations.queries.bulk_views import BulkMention
from operations.queries.execution_views import ExecutionDetail
from operations.queries.intents import CommandView, DecisionView
from operations.statuses import CommandKind, CommandState


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """An execution and what people want of it."""

    detail: ExecutionDetail
    commands: tuple[CommandView, ...]
    decisions: tuple[DecisionView, ...]
    usual: Mapping[str, float]  #: of steps by name: seconds that they take as a rule
    bulks: tuple[BulkMention, ...] = ()  #: that it was part of

    @property
    def asked(self) -> frozenset[CommandKind]:
        """What has not reached Temporal."""
        return frozenset(each.kind for each in self.commands if each.state is CommandState.QUEUED)


async def read(scope: Scope, id_: UUID) -> Known:
    """Raises `ExecutionNotFound`."""
    reads = scope.services.reads
    detail = await reads.executions.detail(id_)
    return Known(
        detail=detail,
        commands=await reads.intents.commands(id_),
        decisions=await reads.intents.decisions(id_),
        usual=await reads.usual.of_steps(detail.execution.workflow_type),
        bulks=await reads.bulks.about(id_),
    )


def view(scope: Scope, id_: UUID) -> View[Known, Known]:
    """It concerns the tenant and its other attempts, too: each has a say in what can be done."""
    shown: set[tuple[str, str]] = {("execution", str(id_)), ("command", str(id_))}

    async def load() -> Known:
        known = await read(scope, id_)
        execution = known.detail.execution
        shown.add((execution.entity_type, str(execution.entity_id)))
        shown.update(("execution", str(attempt.id)) for attempt in known.detail.attempts)
        shown.update(("bulk", str(mention.bulk_id)) for mention in known.bulks)
        return known

    return View(
        key=("execution", id_),
        concerns=lambda changed: changed.concerns("triage") or not shown.isdisjoint(changed.things),
        load=load,
        news=lambda before, after: None if before == after else after,
    )
