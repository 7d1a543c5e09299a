"""Visits of a console in a browser; whatever the browser complains about fails the test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal, Self

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, WebError, expect

Scheme = Literal["light", "dark"]
PATIENCE = 15_000  #: milliseconds for whatever a test does or expects and says no time for, on a busy machine
expect.set_options(timeout=PATIENCE)


@dataclass(kw_only=True)  # without slots: Playwright keeps notes on whoever hears its events
class Visits:
    """Opens browsers that share nothing; `complaints` and `addresses` hold what all of them said and asked for."""

    browser: Browser
    url: str
    complaints: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    _contexts: list[BrowserContext] = field(default_factory=list)
    _origins: set[str] = field(default_factory=set)

    async def begin(
        self, *, session: str | None = None, width: int = 1440, scheme: Scheme = "light", url: str | None = None
    ) -> Page:
        """A tab of a new browser, logged in with the secret of a session; `url` is that of another console."""
        at = url or self.url
        context = await self.browser.new_context(
            base_url=at,
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE)
        self._contexts.append(context)
        self._origins.add(f"{at}/")
        context.on("console", self._hear)
        context.on("weberror", self._hear_error)
        context.on("request", lambda request: self.addresses.append(request.url))
        if session is not None:
            await context.add_cookies([{"name": "tenantry", "value": session, "url": at}])
        return await context.new_page()

    def forgive(self, *texts: str) -> None:
        """Forget complaints that the test caused on purpose; each text must have been complained about."""
        for text in texts:
            kept = [complaint for complaint in self.complaints if text not in complaint]
            assert len(kept) < len(self.complaints), f"{text!r} is not among {self.complaints}"
            self.complaints[:] = kept

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(f"{message.text} ({message.location.get('url')})")

    def _hear_error(self, error: WebError) -> None:
        self.complaints.append(str(error.error))

    @classmethod
    @asynccontextmanager
    async def of(cls, browser: Browser, url: str) -> AsyncIterator[Self]:
        visits = cls(browser=browser, url=url)
        try:
            yield visits
        finally:
            for context in visits._contexts:
                await context.close()
        assert visits.complaints == []
        assert [address for address in visits.addresses if not address.startswith(visits.own_addresses())] == []

    def own_addresses(self) -> tuple[str, ...]:
        return ("data:", "blob:", *self._origins)


async def go(page: Page, path: str) -> None:
    """Open a page of the console, ready for the first click."""
    await page.goto(path)
    await settled(page)


async def settled(page: Page) -> None:
    """Until the page is drawn and its socket answers; before that, a click could be lost."""
    await page.wait_for_function("window.did_handshake === true")
    await page.wait_for_selector(".content h1")
