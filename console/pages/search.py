"""What the search over any page finds: a few tenants and runs, places of the console, and what the viewer may do."""

from collections.abc import Iterator, Sequence
from urllib.parse import quote

from console import sessions
from console.components.palette import LONGEST, Entry, Found, Palette
from console.components.shell import NavItem
from console.pages import words
from console.pages.deeds import RETRIES, WORDINGS
from console.pages.scope import Scope
from console.pages.signs import sign
from operations.access import Actor, Permission
from operations.errors import NotLoggedIn, OperationsError
from operations.kinds import Deed
from operations.phrases import shown_status
from operations.possibilities import OFFERED_TO
from operations.queries import search
from operations.queries.execution_views import ExecutionFilter, ExecutionView, Sort
from operations.queries.tenants import TenantView
from operations.statuses import Cause, RetryKind, Status

MOST = 5  #: of each kind; the whole list is a line of its own
#: What can be done from everywhere, who may, and where it is done.
DEEDS = (
    (
        Permission.RECONCILE,
        Entry(
            group="Actions",
            label="Compare the database with Temporal now",
            second="Reconciliation, “Run now”",
            icon="sync",
            href="/reconciliation",
        ),
    ),
    (
        Permission.SEE,
        Entry(group="Actions", label="Show the keys of this page", presses="[data-shortcut-help]", icon="keyboard"),
    ),
    (
        Permission.SEE,
        Entry(
            group="Actions",
            label="Change the theme",
            second="light, dark, or as the system",
            presses="[data-theme-toggle]",
            icon="dark_mode",
        ),
    ),
    (Permission.SEE, Entry(group="Actions", label="Log out", presses="[data-log-out] button", icon="logout")),
)


def entries(actor: Actor, nav: Sequence[NavItem]) -> list[Entry]:
    """Places and deeds that somebody has; the browser finds them by itself."""
    places = [
        Entry(
            group="Places", label=item.label, icon=item.icon, href=item.path, keys=f"g {item.key}" if item.key else ""
        )
        for item in nav
    ]
    return [*places, *(entry for permission, entry in DEEDS if actor.may(permission))]


def serve(scope: Scope, palette: Palette) -> None:
    """Let it ask."""

    async def ask(text: str) -> Found:
        try:
            sessions.actor()
            return await find(scope, text)
        except NotLoggedIn:
            raise
        except OperationsError as error:
            return Found(problem=error.message)

    palette.serve(ask)


async def find(scope: Scope, text: str) -> Found:
    """Tenants by slug, name or owner's e-mail, then runs, those in need of attention first; one query at a time."""
    term = search.usable(text[:LONGEST])
    if not term:
        return Found()
    tenants = await scope.services.reads.tenants.list(search=term, limit=MOST)
    runs = await scope.services.reads.executions.list(ExecutionFilter(search=term), sort=Sort.ATTENTION, limit=MOST)
    actor = sessions.actor()
    acts = [entry for run in runs.items for entry in deeds_of(run, actor)]
    found = [*map(_tenant, tenants.items), *map(_run, runs.items), *acts[:MOST]]
    if len(tenants.items) == MOST:
        found.append(_all("tenants", "Tenants", term))
    if len(runs.items) == MOST:
        found.append(_all("executions", "Executions", term))
    return Found(entries=tuple(found))


def _tenant(tenant: TenantView) -> Entry:
    return Entry(
        group="Tenants",
        label=tenant.name,
        second=" · ".join(part for part in (tenant.slug, tenant.owner_email) if part),
        href=f"/tenants/{tenant.slug}",
        icon="apartment",
        status=tenant.status.value,
    )


def _run(run: ExecutionView) -> Entry:
    second = sign(run)
    return Entry(
        group="Executions",
        label=run.entity_name or run.workflow_id,
        second=" · ".join(part for part in (words.workflow_title(run.workflow_type), words.cause(run)) if part),
        href=f"/executions/{run.id}",
        icon="account_tree",
        status=shown_status(run.status, run.close_reason),
        sign=None if second is None else second.word,
        tone=None if second is None else second.tone.value,
    )


def deeds_of(run: ExecutionView, actor: Actor) -> Iterator[Entry]:
    """What the run's own page offers first; there it is asked about, and looked at once more."""
    for deed, label in _offered(run):
        if actor.may(OFFERED_TO[deed]):
            yield Entry(
                group="Actions",
                label=f"{label}: {run.entity_name or run.workflow_id}",
                second=words.workflow_title(run.workflow_type),
                href=f"/executions/{run.id}?do={deed.value}",
                icon=WORDINGS[deed].icon,
            )


def _offered(run: ExecutionView) -> tuple[tuple[Deed, str], ...]:
    if run.status is Status.FAILED and run.superseded_by is None:
        return ((Deed.RETRY, WORDINGS[Deed.RETRY].label),)
    if run.status.is_final:
        return ()
    match run.cause:
        case Cause.AWAITING_APPROVAL:
            return tuple((deed, WORDINGS[deed].label) for deed in (Deed.APPROVE, Deed.REJECT))
        case Cause.STEP_RETRYING:
            return ((Deed.RETRY, RETRIES[RetryKind.STEP].label),)
        case Cause.STEP_PAUSED:
            return ((Deed.RESUME_STEP, WORDINGS[Deed.RESUME_STEP].label),)
        case _:
            return ()


def _all(path: str, group: str, term: str) -> Entry:
    return Entry(
        group=group, label=f"All {path} with “{term}”", href=f"/{path}?q={quote(term, safe='')}", icon="search"
    )
