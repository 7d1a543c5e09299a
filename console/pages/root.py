"""The one NiceGUI page: the frame, and inside it the page that the address names."""

from collections.abc import Awaitable, Callable

from nicegui import ui
from nicegui.page_arguments import PageArguments

from console import failures, nonsense, sessions
from console.components import cards, feedback, shell
from console.components.tables import Empty, EmptyKind
from console.live import Hub, Pulse
from console.pages import address, attention, bulk_news, outage_words, places, search
from console.pages.place import Place
from console.pages.scope import Scope
from operations.bootstrap import Services
from operations.errors import DatabaseUnavailable, NotLoggedIn, NotPermitted, OperationsError
from operations.liveness import Outage
from operations.logs import logger
from operations.queries.workforce import WorkforceQueries
from operations.settings import Settings

log = logger(__name__)

RETRY_PAUSE = 3.0  #: seconds


def register(services: Services, hub: Hub, workforce: WorkforceQueries, settings: Settings) -> None:
    """Add the page to NiceGUI. Once per process."""

    @ui.page("/", response_timeout=10)
    @ui.page("/{_:path}", response_timeout=10)
    def root() -> None:
        ui.on_exception(_show_failure)
        actor = sessions.actor()
        viewer = shell.Viewer(email=actor.name, role=actor.role)
        pages = places.shown(is_demo=services.reads.stage.is_demo)
        nav = [item for place in pages if (item := place.item(actor)) is not None]
        now = hub.feed.clock.now()
        entries = search.entries(actor, nav)
        with shell.frame(nav=nav, viewer=viewer, environment=settings.environment, now=now, entries=entries) as frame:
            scope = Scope(
                services=services,
                hub=hub,
                frame=frame,
                workforce=workforce,
                temporal_ui_url=settings.temporal_ui_url,
            )
            _follow(hub, frame)
            attention.follow(scope)
            bulk_news.follow(scope)
            search.serve(scope, frame.palette)
            _Pages({place.path: _page(scope, place) for place in pages})


class _Pages(ui.sub_pages):
    """The pages inside the frame, with our words for what is not there and for bugs."""

    def __init__(self, routes: dict[str, Callable[[PageArguments], Awaitable[None]]]) -> None:
        super().__init__(routes)
        self.client.sub_pages_router.on_path_changed(self._open)

    def _open(self, opened: str) -> None:
        """A list changes its address by itself; on the way Back NiceGUI would take it for the page that is there."""
        if address.must_redraw(self.client, opened):
            self.refresh()

    def _render_404(self) -> None:
        """Where a page's address goes on with what it does not know, that page is being built already."""
        self._cancel_active_tasks()
        cards.whole_page(failures.NO_PAGE)

    def _render_error(self, _: Exception) -> None:
        """The bug itself is logged by `_show_failure`."""
        cards.whole_page(failures.BUG)


def _page(scope: Scope, place: Place) -> Callable[[PageArguments], Awaitable[None]]:
    """NiceGUI passes the arguments to what names their type."""

    async def show(arguments: PageArguments) -> None:
        await _draw(scope, place, arguments)

    return show


async def _draw(scope: Scope, place: Place, arguments: PageArguments) -> None:
    """Every page is drawn through here: who may not see it, or what is not there, gets a sentence instead."""
    parent = ui.context.slot.parent
    try:
        sessions.actor(place.permission)
        await place.build(scope, arguments)
    except NotLoggedIn:
        sessions.send_to_login(ui.context.client)
    except DatabaseUnavailable as error:
        _say_instead(parent, Empty(kind=EmptyKind.UNAVAILABLE, title=error.title, text=error.message))
        if isinstance(parent, ui.sub_pages):
            with parent:
                ui.timer(RETRY_PAUSE, parent.refresh, once=True)
    except OperationsError as error:
        refused = isinstance(error, NotPermitted)
        title = "Not permitted" if refused else "Not found"
        kind = EmptyKind.NOT_PERMITTED if refused else EmptyKind.NOT_FOUND
        _say_instead(parent, Empty(kind=kind, title=title, text=error.message, action="Go to the overview", href="/"))
    except Exception:
        _say_instead(parent, failures.BUG)
        raise


def _say_instead(parent: ui.element, empty: Empty) -> None:
    parent.clear()
    with parent:
        cards.whole_page(empty)


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
        if nonsense.COMPLAINTS.sender is None:
            log.error("a page failed", exc_info=error)
        else:
            nonsense.COMPLAINTS.say(error)
        feedback.toast(
            "Something went wrong here; it was logged. Runs go on; load the page again.", feedback.Tone.ERROR
        )
