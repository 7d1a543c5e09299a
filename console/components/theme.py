"""The look of every page: stylesheets, Quasar's colours, defaults of its parts, and light or dark."""

import re
from datetime import datetime
from enum import StrEnum
from functools import cache

from nicegui import ui

from console.components import assets

COOKIE = "tenantry_theme"
STYLESHEETS = ("tenantry.css", "console.css", "components.css", "table.css", "ledger.css", "pages.css")
TOKEN = re.compile(r"^\s*--(?P<name>[a-z0-9-]+):\s*(?P<value>#[0-9a-f]{3,8});", re.MULTILINE)


class Choice(StrEnum):
    """Which of the two looks the viewer wants."""

    AUTO = "auto"  #: what the operating system says
    LIGHT = "light"
    DARK = "dark"


def install(now: datetime) -> None:
    """Dress the page being built. Call once per page, before anything is drawn; `now` is by the database's clock."""
    choice = chosen(ui.context.client.request.cookies.get(COOKIE))
    ui.dark_mode({Choice.AUTO: None, Choice.LIGHT: False, Choice.DARK: True}[choice])
    ui.colors(
        primary="var(--accent)",
        secondary="var(--fg-2)",
        accent="var(--accent)",
        dark="var(--surface)",
        dark_page="var(--bg)",
        positive="var(--completed)",
        negative="var(--danger)",
        info="var(--running)",
        warning="var(--retrying)",
    )
    ui.add_head_html(_head(choice))
    ui.add_head_html(f'<meta name="server-time" content="{now.timestamp() * 1000:.0f}">')


def set_defaults() -> None:
    """Take the Material look off Quasar's parts. Call once per process, before the first page."""
    ui.button.default_props("no-caps unelevated")
    ui.input.default_props("outlined dense hide-bottom-space")
    ui.textarea.default_props("outlined dense hide-bottom-space")
    ui.number.default_props("outlined dense hide-bottom-space")
    ui.select.default_props("outlined dense hide-bottom-space options-dense")
    ui.menu.default_props("transition-duration=120")
    ui.dialog.default_props("transition-duration=120")


def chosen(cookie: str | None) -> Choice:
    """What the cookie says; anything unknown means automatic."""
    return Choice(cookie) if cookie in tuple(Choice) else Choice.AUTO


@cache
def _head(choice: Choice) -> str:
    """Constant markup per choice; the first paint already has the right ground."""
    links = [f'<link rel="stylesheet" href="{assets.url(name)}">' for name in STYLESHEETS]
    fonts = [
        f'<link rel="preload" as="font" type="font/woff2" crossorigin href="{assets.url(name)}">'
        for name in ("fonts/inter-latin-wght-normal.woff2",)
    ]
    icon = f'<link rel="icon" type="image/svg+xml" href="{assets.url("logo.svg")}">'
    script = f'<script defer src="{assets.url("shell.js")}"></script>'
    scheme = "" if choice is Choice.AUTO else f"<style>:root{{color-scheme:{choice.value}}}</style>"
    return "\n".join([*fonts, *links, scheme, icon, script])


@cache
def chart_colors() -> dict[str, str]:
    """Colours for charts by tone (`running`, `completed`, `timed_out`, `accent`, …), legible on both grounds.

    Read from the stylesheet, the one place that names colours. Text and grid lines of charts need none:
    the stylesheet paints them, so that they follow the theme without a new drawing.
    """
    text = (assets.DIRECTORY / "tenantry.css").read_text(encoding="utf-8")
    tokens = {match["name"]: match["value"] for match in TOKEN.finditer(text)}
    prefix = "chart-"
    return {
        name.removeprefix(prefix).replace("-", "_"): value for name, value in tokens.items() if name.startswith(prefix)
    }


def chart_color(tone: str) -> str:
    """The colour of a status or tone in a chart; unknown words are grey."""
    colors = chart_colors()
    return colors.get(tone, colors["pending"])
