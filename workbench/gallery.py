"""A page of every component with made-up data: `python -m workbench.gallery 8099`."""

import secrets
import sys
from datetime import UTC, datetime

import uvicorn
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from nicegui import app as nicegui_app
from nicegui import ui
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.components import assets, login_page, shell, theme
from console.components.table_data import Patch
from console.lines import Tap, sign_of_life
from workbench.gallery_pages import CHANGES, LINES, PAGES

NAV = [
    shell.NavItem(label="Overview", icon="space_dashboard", path="/", section="Operate", key="o"),
    shell.NavItem(label="Executions", icon="account_tree", path="/executions", section="Operate", key="e"),
    shell.NavItem(label="Tenants", icon="apartment", path="/tenants", section="Operate", key="t"),
    shell.NavItem(label="Reconciliation", icon="balance", path="/reconciliation", section="Operate", key="r"),
    shell.NavItem(label="Audit", icon="subject", path="/audit", section="Admin"),
]


class ContentSecurityPolicy:
    """The policy of the console, with a nonce on every script tag."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        # A compressed body would hide the script tags.
        scope = {**scope, "headers": [each for each in scope["headers"] if each[0] != b"accept-encoding"]}
        nonce = secrets.token_urlsafe(16)
        policy = (
            f"default-src 'none'; script-src 'nonce-{nonce}' 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
            "img-src 'self' data:; font-src 'self'; connect-src 'self'"
        )
        is_page = False

        async def send_with_policy(message: Message) -> None:
            nonlocal is_page
            if message["type"] == "http.response.start":
                headers = dict(message["headers"])
                is_page = headers.get(b"content-type", b"").startswith(b"text/html")
                if is_page:
                    headers.pop(b"content-length", None)
                    headers[b"content-security-policy"] = policy.encode()
                message = {**message, "headers": list(headers.items())}
            elif is_page:
                body = message.get("body", b"").replace(b"<script", f'<script nonce="{nonce}"'.encode())
                message = {**message, "body": body}
            await send(message)

        await self.app(scope, receive, send_with_policy)


def build() -> FastAPI:
    application = FastAPI()
    application.add_middleware(ContentSecurityPolicy)
    application.mount(assets.mount_path(), StaticFiles(directory=assets.DIRECTORY))
    theme.set_defaults()

    @application.get("/login", response_class=HTMLResponse)
    def login(error: str | None = None, email: str = "", environment: str = "staging") -> str:
        return login_page.render(environment=environment, next_path="/executions?a=1&b=2", error=error, email=email)

    @application.get("/api/v1/tenants")
    def tenants() -> list[str]:  # a page that cannot connect asks whether it is still logged in
        return []

    @application.post("/changes")
    def changes(
        insert: int | None = None, remove: int | None = None, rename: str | None = None, running: bool | None = None
    ) -> None:
        if insert is not None:
            CHANGES.insert(insert)
        if remove is not None:
            CHANGES.remove(remove)
        if rename is not None:
            CHANGES.rename(rename)
        if running is not None:
            CHANGES.is_running = running

    @application.post("/patches")
    def patches(patch: Patch) -> None:
        CHANGES.send(patch)

    @ui.page("/")
    @ui.page("/{_:path}")
    def root() -> None:
        with shell.frame(
            nav=NAV,
            viewer=shell.Viewer(email="anna.keller@example.com", role="operator"),
            environment="staging",
            now=datetime.now(UTC),
        ) as frame:
            tab = ui.context.client.id
            ui.timer(1.0, lambda: LINES.beat(tab, sign_of_life(0, datetime.now(UTC))))
            ui.sub_pages(PAGES, data={"frame": frame})

    nicegui_app.on_connect(CHANGES.greet)
    CHANGES.start(application)
    ui.run_with(application, reconnect_timeout=30, language="en-US", tailwind=False, binding_refresh_interval=None)
    application.add_middleware(Tap, lines=LINES)
    return application


if __name__ == "__main__":
    uvicorn.run(build(), port=int(sys.argv[1]), log_level="warning", ws="websockets-sansio")
