"""`tenantry tenants`: register, list, deprovision, start other work."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from console.accepted import as_it_is
from console.cli.services import AsJson, operator, print_json, say, with_services
from operations.statuses import Plan, TenantStatus

if TYPE_CHECKING:
    from operations.bootstrap import Services
    from operations.queries.execution_views import ExecutionView
    from operations.queries.tenants import TenantView


@dataclass(frozen=True, kw_only=True, slots=True)
class Leaving:
    """A tenant whose removal was asked for."""

    tenant: "TenantView"
    takes_two: bool  #: another person has to approve it


commands = typer.Typer(no_args_is_help=True, help="Customers.")


@commands.command()
def register(
    slug: Annotated[str, typer.Argument(help="2-55 characters: a-z, 0-9, single hyphens; never used twice.")],
    *,
    name: Annotated[str, typer.Option(help="The customer's name.")],
    owner_email: Annotated[str, typer.Option(help="The owner's e-mail address.")],
    owner_name: Annotated[str | None, typer.Option(help="The owner's name.")] = None,
    plan: Annotated[Plan, typer.Option(help="What the customer bought.")] = Plan.STARTER,
    as_json: AsJson = False,
) -> None:
    """Register a tenant; its provisioning starts by itself."""
    from operations.actions.registration import Registration  # noqa: PLC0415

    registration = Registration(slug=slug, name=name, owner_email=owner_email, owner_name=owner_name, plan=plan)

    async def work(services: "Services") -> "TenantView":
        await services.tenants.register(operator(), registration)
        return await as_it_is(services.reads.tenants.by_slug(slug))

    tenant = with_services(work)
    if as_json:
        print_json(tenant)
    else:
        say(f"{tenant.slug} is registered; its execution is {tenant.execution_id}.")


@commands.command("list")
def list_tenants(
    status: Annotated[list[TenantStatus] | None, typer.Option(help="Only these; can be given several times.")] = None,
    search: Annotated[str, typer.Option("--search", "-q", help="Name, slug or owner's e-mail.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=200)] = 20,
    as_json: AsJson = False,
) -> None:
    """List tenants, newest first."""
    statuses = frozenset(status or ())
    page = with_services(lambda services: services.reads.tenants.list(statuses=statuses, search=search, limit=limit))
    if as_json:
        print_json(page)
        return
    for each in page.items:
        say(f"{each.slug:<30} {each.status:<15} {each.plan:<11} {each.name}")
    say(f"{len(page.items)} of {page.total}{'+' if page.total_capped else ''}")


@commands.command()
def deprovision(
    slug: Annotated[str, typer.Argument(help="The tenant to deprovision.")],
    reason: Annotated[str, typer.Option(help="Why; 3-500 characters, kept in the audit log.")],
    as_json: AsJson = False,
) -> None:
    """Begin to remove a tenant; until the waiting time is over, cancelling the run undoes it."""

    async def work(services: "Services") -> "Leaving":
        id_ = await services.tenants.deprovision(operator(), slug, reason)
        detail = await as_it_is(services.reads.executions.detail(id_))
        tenant = await as_it_is(services.reads.tenants.by_slug(slug))
        return Leaving(tenant=tenant, takes_two=detail.awaits_decision)

    asked = with_services(work)
    tenant = asked.tenant
    if as_json:
        print_json(tenant)
    else:
        due = "" if tenant.due_at is None else f"; nothing is deleted before {tenant.due_at:%Y-%m-%d %H:%M:%S} UTC"
        say(f"{tenant.slug} is being deprovisioned; its execution is {tenant.execution_id}{due}.")
        if asked.takes_two:
            say(f"Another person has to approve it: tenantry executions approve {tenant.execution_id}")


@commands.command()
def start(
    slug: Annotated[str, typer.Argument(help="An active tenant.")],
    kind: Annotated[str, typer.Argument(help="Stored name of the kind of workflow, as docs/extending.md says.")],
    reason: Annotated[str, typer.Option(help="Why; 3-500 characters, kept in the audit log.")],
    as_json: AsJson = False,
) -> None:
    """Start a run of another kind for a tenant, such as a backup."""

    async def work(services: "Services") -> "ExecutionView":
        id_ = await services.tenants.start(operator(), slug, kind, reason)
        return (await as_it_is(services.reads.executions.detail(id_))).execution

    execution = with_services(work)
    if as_json:
        print_json(execution)
    else:
        say(f"{execution.workflow_id} is accepted; its execution is {execution.id}.")
