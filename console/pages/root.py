"""The one NiceGUI page: the frame, and inside it the page that the address names."""

from collections.abc import Awaitable, Callable, Coroutine

from nicegui import ui
from nicegui.page_arguments import PageArguments

from console import failures, sessions
from console.components import cards, feedback, shell
from console.components.tables import Empty, EmptyKind
from console.live import Hub, Pulse
from console.pages import (
    attention,
    execution,
    executions,
    outage_words,
    overview,
    reconciliation,
    register_tenant,
    tenant,
    tenants,
)
from console.pages.scope import Scope
from operations.access import Actor, Permission
from operations.bootstrap import Services
from operations.errors import DatabaseUnavailable, NotLoggedIn, NotPermitted, OperationsError
from operations.liveness import Outage
from operations.logs import logger
from operations.settings import Settings

log = logger(__name__)

NAV = (
    shell.NavItem(label="Overview", icon="space_dashboard", path="/", section="Operate", key="o"),
    shell.NavItem(label="Executions", icon="account_tree", path="/executions", section="Operate", key="e"),
    shell.NavItem(label="Tenants", icon="apartment", path="/tenants", section="Operate", key="t"),
    shell.NavItem(label="Reconciliation", icon="balance", path="/reconciliation", section="Operate", key="r"),
    shell.NavItem(label="Register tenant", icon="domain_add", path="/tenants/new", section="Operate", key="n"),
)
RETRY_PAUSE = 3.0  #: seconds


def register(services: Services, hub: Hub, settings: Settings) -> None:
    """Add the page to NiceGUI. Once per process."""

    @ui.page("/", response_timeout=10)
    @ui.page("/{_:path}", response_timeout=10)
    def root() -> None:
        ui.on_exception(_show_failure)
        actor = sessions.actor()
        viewer = shell.Viewer(email=actor.name, role=actor.role)
        with shell.frame(nav=_places(actor), viewer=viewer, environment=settings.environment) as frame:
            scope = Scope(services=services, hub=hub, frame=frame, temporal_ui_url=settings.temporal_ui_url)
            _follow(hub, frame)
            attention.follow(scope)
            _Pages(_routes(scope))


class _Pages(ui.sub_pages):
    """The pages inside the frame, with our words for what is not there and for bugs."""

    def _render_404(self) -> None:
        cards.empty_state(failures.NO_PAGE)

    def _render_error(self, _: Exception) -> None:
        """The bug itself is logged by `_show_failure`."""
        cards.empty_state(failures.BUG)


def _places(actor: Actor) -> list[shell.NavItem]:
    """The drawer without what this member of staff may not do."""
    return [item for item in NAV if item.path != "/tenants/new" or actor.may(Permission.REGISTER_TENANT)]


def _routes(scope: Scope) -> dict[str, Callable[..., Awaitable[None]]]:
    """The pages by address. NiceGUI passes what a builder's parameters name."""

    async def show_overview() -> None:
        await _draw(overview.build(scope))

    async def show_executions(arguments: PageArguments) -> None:
        await _draw(executions.build(scope, arguments))

    async def show_execution(id: str) -> None:  # noqa: A002
        await _draw(execution.build(scope, id))

    async def show_reconciliation(arguments: PageArguments) -> None:
        await _draw(reconciliation.build(scope, arguments))

    async def show_tenants(arguments: PageArguments) -> None:
        await _draw(tenants.build(scope, arguments))

    async def show_registration() -> None:
        await _draw(register_tenant.build(scope))

    async def show_tenant(slug: str) -> None:
        await _draw(tenant.build(scope, slug))

    return {
        "/": show_overview,
        "/executions": show_executions,
        "/executions/{id}": show_execution,
        "/reconciliation": show_reconciliation,
        "/tenants": show_tenants,
        "/tenants/new": show_registration,
        "/tenants/{slug}": show_tenant,
    }


async def _draw(page: Coroutine[None, None, None]) -> None:
    """Every page is drawn through here: who may not see it, or what is not there, gets a sentence instead."""
    place = ui.context.slot.parent
    try:
        sessions.actor()
        await page
    except NotLoggedIn:
        sessions.send_to_login(ui.context.client)
    except DatabaseUnavailable as error:
        _say_instead(place, Empty(kind=EmptyKind.UNAVAILABLE, title=error.title, text=error.message))
        if isinstance(place, ui.sub_pages):
            with place:
                ui.timer(RETRY_PAUSE, place.refresh, once=True)
    except OperationsError as error:
        title = "Not permitted" if isinstance(error, NotPermitted) else "Not found"
        kind = EmptyKind.NOTHING_MATCHES
        _say_instead(place, Empty(kind=kind, title=title, text=error.message, action="Go to the overview", href="/"))
    except Exception:
        _say_instead(place, failures.BUG)
        raise
    finally:
        page.close()


def _say_instead(place: ui.element, empty: Empty) -> None:
    place.clear()
    with place:
        cards.empty_state(empty)


def _follow(hub: Hub, frame: shell.Frame) -> None:
    def show(outages: tuple[Outage, ...]) -> None:
        frame.banners.show([outage_words.notice(outage) for outage in outages])

    Pulse(hub, show=show)
    show(hub.outages)


def _show_failure(error: Exception) -> None:
    """What a click could not do: an expected failure in its own words, a bug as a bug."""
    if isinstance(error, NotLoggedIn):
        sessions.send_to_login(ui.context.client)
    elif isinstance(error, OperationsError):
        feedback.toast(error.message, feedback.Tone.ERROR)
    else:
        log.error("a page failed", exc_info=error)
        feedback.toast(
            "Something went wrong here; it was logged. Runs go on; load the page again.", feedback.Tone.ERROR
        )
