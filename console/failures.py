"""What is answered for a page that is not there or that fails, in place of NiceGUI's pages, which name exceptions."""

from nicegui import core
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.api import problems
from console.components import cards, notice_page
from console.components.tables import Empty, EmptyKind
from operations.logs import logger

log = logger(__name__)

NO_PAGE = Empty(
    kind=EmptyKind.NOT_FOUND,
    title="There is no such page",
    text="The address may be misspelled, or what it named is gone.",
    action="Go to the overview",
    href="/",
)
BUG = Empty(
    kind=EmptyKind.UNAVAILABLE,
    title="Something went wrong here",
    text="It was logged. Runs go on; whether your last step took effect is not known: look before you repeat it.",
    action="Go to the overview",
    href="/",
)


def install() -> None:
    """For the application of the pages. Once per process, before it serves."""
    core.app.add_exception_handler(404, _not_found)
    core.app.add_exception_handler(Exception, _failed)
    core.app.on_page_exception(lambda: cards.whole_page(BUG))


def wants_page(scope: Scope) -> bool:
    """Whether a person is looking, not a program."""
    return "text/html" in HTTPConnection(scope).headers.get("accept", "") and not scope["path"].startswith("/api/")


def not_found(scope: Scope) -> Response:
    if wants_page(scope):
        return HTMLResponse(notice_page.not_found(), 404)
    return problems.response(404, "There is nothing at this address.")


def failed(scope: Scope) -> Response:
    return HTMLResponse(notice_page.failed(), 500) if wants_page(scope) else problems.response(500, problems.BUG)


async def _not_found(connection: HTTPConnection, _: Exception) -> Response:
    return not_found(connection.scope)


async def _failed(connection: HTTPConnection, _: Exception) -> Response:
    """The error itself goes on from here to `Bugs`, which logs it."""
    return failed(connection.scope)


class Bugs:
    """What nobody expected is logged and not shown. Add it inside of what every answer must pass.

    Starlette's own handler for such errors is the outermost layer: its answers carry no security headers, and it
    raises the error again, for which the server breaks the connection.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        sent: list[Message] = []

        async def note(message: Message) -> None:
            sent[:] = [message]
            await send(message)

        try:
            await self.app(scope, receive, note)
        except Exception as error:
            log.error("unexpected error", path=scope["path"], exc_info=error)
            if not sent:
                await failed(scope)(scope, receive, send)
            elif sent[0]["type"] != "http.response.body" or sent[0].get("more_body"):
                raise  # half an answer must not look like a whole one
