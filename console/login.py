"""Logging in and out: plain forms, so that the cookie can change and nobody gets a socket before."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from console import sessions
from console.api import problems
from console.components import login_page, theme
from console.presence import Presence
from operations.actions.staff import SESSION_HOURS, Staff
from operations.errors import DatabaseUnavailable, LoginsBusy, TooManyTries, WrongPassword

NO_NUL = r"^[^\x00]*$"  #: PostgreSQL has no text with it
BROWSER_DAYS = 365


ENDED = "Your session has ended; nothing was lost. Log in to go on where you were."


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """The routes of the login page."""

    staff: Staff
    presence: Presence
    cookie: sessions.Cookie
    environment: str

    def router(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/login", self.show, methods=["GET"])
        router.add_api_route("/login", self.log_in, methods=["POST"])
        router.add_api_route("/logout", self.log_out, methods=["POST"])
        return router

    async def show(
        self,
        request: Request,
        next: str = "/",  # noqa: A002 - the name in the address
        ended: bool = False,
    ) -> Response:
        return self._page(request, next_path=safe_path(next), error=ENDED if ended else None)

    async def log_in(
        self,
        request: Request,
        email: Annotated[str, Form(max_length=254, pattern=NO_NUL)] = "",
        password: Annotated[str, Form(max_length=1024)] = "",
        next: Annotated[str, Form(max_length=2000)] = "/",  # noqa: A002
    ) -> Response:
        address = request.client.host if request.client else "unknown"
        mark = request.cookies.get(self.cookie.browser)
        try:
            secret = await self.staff.log_in(email, password, address=address, mark=mark)
        except (WrongPassword, TooManyTries, LoginsBusy, DatabaseUnavailable) as error:
            return self._page(
                request,
                next_path=safe_path(next),
                error=error.message,
                email=email,
                status=401 if isinstance(error, WrongPassword) else problems.status_of(error),
                headers=problems.waits(error),
            )
        answer = RedirectResponse(safe_path(next), 303)
        self._keep(answer, self.cookie.name, secret, seconds=SESSION_HOURS * 3600)
        self._keep(answer, self.cookie.browser, self.staff.browser_mark(email), seconds=BROWSER_DAYS * 86_400)
        return answer

    async def log_out(self, request: Request) -> Response:
        secret = request.cookies.get(self.cookie.name)
        session = sessions.of_connection(request)
        if secret:
            await self.staff.log_out(secret)
        if session is not None:
            self.presence.end_all(session.id)
        answer = RedirectResponse("/login", 303, headers={"Clear-Site-Data": '"cache"'})
        answer.delete_cookie(self.cookie.name, secure=self.cookie.secure, httponly=True, samesite="lax")
        return answer

    def _keep(self, answer: Response, name: str, value: str, *, seconds: int) -> None:
        answer.set_cookie(name, value, max_age=seconds, secure=self.cookie.secure, httponly=True, samesite="lax")

    def _page(
        self,
        request: Request,
        *,
        next_path: str,
        error: str | None,
        email: str = "",
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        page = login_page.render(
            environment=self.environment,
            next_path=next_path,
            error=error,
            email=email,
            theme=theme.chosen(request.cookies.get(theme.COOKIE)),
        )
        return HTMLResponse(page, status, headers)


def safe_path(path: str) -> str:
    """A path of ours to go to after logging in; anything that could lead elsewhere becomes the overview."""
    leads_elsewhere = not path.startswith("/") or path.startswith(("//", "/\\"))
    has_controls = any(ord(character) < 32 or character == "\\" for character in path)
    return "/" if leads_elsewhere or has_controls else path
