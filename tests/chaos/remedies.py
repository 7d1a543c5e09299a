"""What staff does about runs that stand still: has a step tried now, replaces a run, cleans up after a failed one."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from uuid import UUID

from operations import tenant_kinds
from operations.statuses import Cause, RetryKind
from tests.chaos.injuries import Injuries
from tests.chaos.ledger import Ledger

#: What Retry may help against.
HELPED = frozenset({Cause.STEP_RETRYING, Cause.STEP_HANGING, Cause.WORKFLOW_FAILING, Cause.WRONG_BUILD})
EAGER = 0.25  # of the looks at a run that stands still end in a retry
REASON = "part of the trial"
ACCEPTED = 202


@dataclass(kw_only=True, slots=True)
class Answer:
    """What a request got at last; `repeated` when an earlier one may have taken effect without an answer."""

    status: int
    body: dict[str, object]
    repeated: bool

    @property
    def execution(self) -> dict[str, object]:
        execution = self.body["execution"]
        assert isinstance(execution, dict), self
        return execution


Ask = Callable[[str, str, Mapping[str, object] | None], Awaitable[Answer]]


@dataclass(kw_only=True, slots=True)
class Remedies:
    """Asks by REST for what the console offers."""

    ask: Ask
    injuries: Injuries
    ledger: Ledger
    replacing: set[UUID] = field(default_factory=set)  #: for which it was asked, heard or not

    async def help(self, id_: UUID, execution: dict[str, object], chance: Random, *, may_replace: bool) -> None:
        """What makes the run stand still is mended first, most often."""
        if execution["cause"] not in HELPED or chance.random() > EAGER:
            return
        kind = (await self.ask("GET", f"/executions/{id_}/retry", None)).body["kind"]
        if kind not in (RetryKind.STEP, RetryKind.REPLACE) or (kind == RetryKind.REPLACE and not may_replace):
            return
        if chance.random() < 0.8:
            await self.injuries.heal(str(execution["entity_slug"]))
        if kind == RetryKind.REPLACE:
            self.replacing.add(id_)
        answer = await self.ask("POST", f"/executions/{id_}/retry", {"reason": REASON, "kind": str(kind)})
        if answer.status == ACCEPTED:
            self.ledger.helped.append((RetryKind(str(answer.body["kind"])), id_))

    async def clean_up(self, slug: str, id_: UUID) -> UUID | None:
        """The run that cleans up; None where there is none. A conflict may mean that an earlier try was heard."""
        answer = await self.ask("POST", f"/executions/{id_}/cleanup", {"reason": REASON})
        if answer.status != ACCEPTED:
            answer = await self.ask("GET", f"/tenants/{slug}", None)
        execution = answer.execution
        if execution["workflow_type"] != tenant_kinds.CLEANUP.stored_name:
            return None
        self.ledger.cleaned[id_] = UUID(str(execution["id"]))
        return self.ledger.cleaned[id_]
