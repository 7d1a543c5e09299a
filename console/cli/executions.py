"""`tenantry executions`: list, show, retry, terminate, cancel, approve, reject, and the same for many at once."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from console.accepted import as_it_is
from console.cli import bulk
from console.cli.choosing import Causes, Healths, Search, Signature, Statuses, chosen
from console.cli.services import AsJson, operator, print_json, say, with_services
from operations import kinds
from operations.kinds import Deed
from operations.phrases import shown_status, spelled, told, who
from operations.statuses import Decision, RetryKind

if TYPE_CHECKING:
    from operations.actions.retries import Retried
    from operations.bootstrap import Services
    from operations.queries.execution_views import ExecutionView
    from operations.queries.intents import CommandView

    Done = tuple[Retried, ExecutionView | None, CommandView | None]

commands = typer.Typer(no_args_is_help=True, help="Runs of workflows.")
commands.command("bulk")(bulk.begin)
commands.command("bulk-status")(bulk.status)


@commands.command("list")
def list_executions(
    *,
    status: Statuses = None,
    health: Healths = None,
    cause: Causes = None,
    signature: Signature = "",
    superseded: Annotated[
        bool | None,
        typer.Option(help="Of failed ones, only those of which a newer attempt took the place, or did not."),
    ] = None,
    search: Search = "",
    limit: Annotated[int, typer.Option(min=1, max=200)] = 20,
    as_json: AsJson = False,
) -> None:
    """List executions: open ones first, longest without progress first."""
    from operations.queries.execution_views import Sort  # noqa: PLC0415

    wanted = chosen(status, health, cause, signature, search).narrowed(superseded=superseded)
    page = with_services(lambda services: services.reads.executions.list(wanted, sort=Sort.ATTENTION, limit=limit))
    if as_json:
        print_json(page)
        return
    for each in page.items:
        steps = f"{each.steps_done}/{each.steps_total or '?'}"
        line = f"{each.id}  {shown_status(each.status, each.close_reason):<14} {steps:>5}  {each.workflow_id:<40}"
        wrong = each.diagnosis if not each.status.is_final else None
        say(f"{line}  {each.health}: {wrong.title}" if wrong is not None else line.rstrip())
    say(f"{len(page.items)} of {page.total}{'+' if page.total_capped else ''}")


@commands.command()
def show(
    id: Annotated[UUID, typer.Argument(help="The execution's id.")],  # noqa: A002
    as_json: AsJson = False,
) -> None:
    """Show one execution with its steps and its history, and what Retry would do."""
    from operations.possibilities import possibility  # noqa: PLC0415
    from operations.queries.intents import RetryOffer  # noqa: PLC0415

    detail = with_services(lambda services: services.reads.executions.detail(id))
    if as_json:
        print_json(detail)
        return
    execution = detail.execution
    say(f"{execution.workflow_id}  {shown_status(execution.status, execution.close_reason)}")
    if execution.error_message:
        say(f"  {told(execution.error_message).sentence}")
    if execution.diagnosis is not None and not execution.status.is_final:
        known = execution.diagnosis
        say(f"  {execution.health}: {known.sentence}")
        say(f"  {known.owner_title}: {known.action}")
    if detail.approval_request is not None and detail.awaits_decision:
        asked = detail.approval_request
        say(f"  waiting for a decision since {asked.requested_at:%F %T}, until {asked.expires_at:%F %T}")
    facts = detail.facts()
    offer = RetryOffer.of(possibility(Deed.RETRY, facts, operator()), facts.retry)
    say(f"  retry: {offer.kind}. {offer.explanation}")
    for step in detail.steps:
        say(
            f"  {step.ordinal}. {kinds.known().step_title(step.name):<18} {spelled(step.status):<10} "
            f"tries {step.attempts}  {told(step.error).sentence}".rstrip()
        )
    for event in detail.events:
        change = f"{event.from_status or ''} → {event.to_status or ''}".strip()
        say(f"  {event.at:%Y-%m-%d %H:%M:%S}  {event.kind:<10} {change:<24} {who(event.actor)}")


RETRIED = {
    RetryKind.STEP: "Queued: the step is tried now.",
    RetryKind.REPLACE: "Queued: the run is ended by force, and a new attempt begins.",
}
Reason = Annotated[str, typer.Option(help="Why; 3-500 characters, kept in the audit log.")]
Id = Annotated[UUID, typer.Argument(help="The execution's id.")]


@commands.command()
def retry(
    id: Id,  # noqa: A002
    reason: Reason,
    kind: Annotated[RetryKind | None, typer.Option(help="What “show” said; another by now is refused.")] = None,
    as_json: AsJson = False,
) -> None:
    """Try the step now, start a new attempt, or replace a wedged run: whatever helps."""

    async def run(services: "Services") -> "Done":
        done = await services.executions.retry(operator(), id, reason, kind=kind)
        new, command = done.execution_id, done.command_id
        reads = services.reads
        return (
            done,
            None if new is None else (await as_it_is(reads.executions.detail(new))).execution,
            None if command is None else await as_it_is(reads.intents.command(command)),
        )

    done, execution, command = with_services(run)
    if as_json:
        print_json({"kind": done.kind, "execution": execution, "command": command})
        return
    if execution is not None:
        say(f"A new attempt is queued; its execution is {execution.id}.")
        return
    say(RETRIED[done.kind])


@commands.command()
def terminate(id: Id, reason: Reason, as_json: AsJson = False) -> None:  # noqa: A002
    """End a run by force, without clean-up."""
    _queue(lambda services: services.executions.terminate(operator(), id, reason), as_json=as_json)


@commands.command()
def cancel(id: Id, reason: Reason, as_json: AsJson = False) -> None:  # noqa: A002
    """Ask a run to end in order, with clean-up."""
    _queue(lambda services: services.executions.cancel(operator(), id, reason), as_json=as_json)


@commands.command("pause-step")
def pause_step(id: Id, reason: Reason, as_json: AsJson = False) -> None:  # noqa: A002
    """Have no further try of the present step begin."""
    _queue(lambda services: services.executions.hold(operator(), id, Deed.PAUSE_STEP, reason), as_json=as_json)


@commands.command("resume-step")
def resume_step(id: Id, reason: Reason, as_json: AsJson = False) -> None:  # noqa: A002
    """Have the next try of a paused step begin."""
    _queue(lambda services: services.executions.hold(operator(), id, Deed.RESUME_STEP, reason), as_json=as_json)


@commands.command()
def cleanup(id: Id, reason: Reason, as_json: AsJson = False) -> None:  # noqa: A002
    """Take away what a failed provisioning has left of its tenant, by a run of its own."""

    async def run(services: "Services") -> "ExecutionView":
        new = await services.executions.clean_up(operator(), id, reason)
        return (await as_it_is(services.reads.executions.detail(new))).execution

    execution = with_services(run)
    if as_json:
        print_json({"execution": execution})
        return
    say(f"A run that cleans up is queued; its execution is {execution.id}.")


def _queue(act: "Callable[[Services], Awaitable[UUID]]", *, as_json: bool) -> None:
    async def run(services: "Services") -> "CommandView":
        command = await act(services)
        return await as_it_is(services.reads.intents.command(command))

    command = with_services(run)
    if as_json:
        print_json({"command": command})
        return
    say("Queued; it reaches Temporal as soon as Temporal answers.")


@commands.command()
def approve(id: Id, reason: Reason, as_json: AsJson = False) -> None:  # noqa: A002
    """Let a waiting provisioning or removal go on."""
    _decide(id, Decision.APPROVED, reason, as_json=as_json)


@commands.command()
def reject(id: Id, reason: Reason, as_json: AsJson = False) -> None:  # noqa: A002
    """End a waiting provisioning; of a removal, keep the tenant."""
    _decide(id, Decision.REJECTED, reason, as_json=as_json)


def _decide(id_: UUID, decision: Decision, reason: str, *, as_json: bool) -> None:
    standing = with_services(lambda services: services.executions.decide(operator(), id_, decision, reason))
    if as_json:
        print_json({"decision": standing})
        return
    say(f"{standing.value.capitalize()}.")
