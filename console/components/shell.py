"""The frame around every page: header, drawer, banners, keyboard shortcuts."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from urllib.parse import urlsplit

from nicegui import ui

from console.components import assets, shortcuts, theme
from console.components.banners import Banners
from console.components.dialogs import Dialogs
from console.components.freshness import Freshness
from console.components.palette import Entry, Palette
from console.components.shortcuts import Shortcut
from console.components.tallies import Tally
from console.components.text import attribute, tag


@dataclass(frozen=True, kw_only=True, slots=True)
class NavItem:
    """A place in the drawer. `key` is the letter that leads there after `g`; `counts` names what is counted there."""

    label: str
    icon: str
    path: str
    section: str
    key: str | None = None
    counts: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Viewer:
    """Who is looking."""

    email: str
    role: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """The parts of the frame that pages talk to."""

    banners: Banners
    freshness: Freshness
    dialogs: Dialogs
    shortcuts: tuple[Shortcut, ...]  #: all that the viewer has, on whichever page
    palette: Palette
    tallies: tuple[Tally, ...]  #: the numbers in the drawer


@contextmanager
def frame(
    *, nav: Sequence[NavItem], viewer: Viewer, environment: str, now: datetime, entries: Sequence[Entry] = ()
) -> Iterator[Frame]:
    """Build the frame; what is drawn inside the `with` becomes the content. Ages are told by `now`.

    `entries` are what the search finds for this viewer without asking.
    """
    theme.install(now)
    tallies = tuple(_drawer(nav))
    freshness = _header(viewer=viewer, environment=environment)
    keys = shortcuts.with_places((item.key, item.label) for item in nav if item.key)
    _shortcuts(keys)
    with ui.context.client.layout:
        dialogs = Dialogs()
        palette = Palette(entries)
    banners = Banners()
    with ui.element("div").classes("content") as content:
        ui.skip_link("Skip to the content", target=content)
        yield Frame(
            banners=banners,
            freshness=freshness,
            dialogs=dialogs,
            shortcuts=keys,
            palette=palette,
            tallies=tallies,
        )


def _header(*, viewer: Viewer, environment: str) -> Freshness:
    with ui.header(wrap=False).classes("shell-header"):
        _icon_button("menu", "Navigation").props("data-drawer-toggle aria-controls=drawer")
        with ui.element("a").classes("brand") as brand:
            attribute(brand, "href", "/")
            attribute(brand, "aria-label", "Tenantry, overview")
            attribute(ui.element("img").props('alt="" width=28 height=28'), "src", assets.url("logo.svg"))
            tag("span", "Tenantry", classes="brand-name")
        _environment_badge(environment)
        ui.element("div").classes("grow")
        freshness = Freshness()
        _icon_button("search", "Search").props("data-palette aria-haspopup=dialog")
        with ui.element("button").classes("icon-button theme-toggle").props("type=button data-theme-toggle"):
            for icon, choice in (("brightness_auto", "auto"), ("light_mode", "light"), ("dark_mode", "dark")):
                attribute(ui.icon(icon), "data-choice", choice)
        with _icon_button("keyboard", "Keyboard shortcuts") as keys:
            keys.classes("wide-only").props("data-shortcut-help")
        _user_menu(viewer)
    return freshness


def _icon_button(icon: str, label: str) -> ui.element:
    button = ui.element("button").classes("icon-button").props("type=button")
    attribute(button, "aria-label", label)
    attribute(button, "title", label)
    with button:
        ui.icon(icon)
    return button


def _environment_badge(environment: str) -> None:
    badge = tag("span", environment, classes="environment")
    attribute(badge, "title", "The environment you are working on")
    attribute(badge, "data-production", environment == "production")


def _user_menu(viewer: Viewer) -> None:
    with ui.element("button").classes("avatar").props("type=button popovertarget=account") as button:
        attribute(button, "aria-label", f"Account of {viewer.email}")
        attribute(button, "data-viewer", viewer.email)
        tag("span", viewer.email[:2].upper())
    with ui.element("div").classes("user-menu").props("id=account popover=auto role=group aria-label=Account"):
        tag("p", viewer.email, classes="user-email")
        tag("p", viewer.role.capitalize(), classes="user-role")
        with ui.element("form").props("method=post action=/logout data-log-out"):
            tag("button", "Log out", classes="button").props("type=submit")


def _drawer(nav: Sequence[NavItem]) -> list[Tally]:
    """Plain HTML that the browser opens and closes by itself: it is there with the first paint."""
    links: dict[str, ui.element] = {}
    tallies: list[Tally] = []
    client = ui.context.client
    with client.layout:
        drawer = ui.element("aside").classes("shell-drawer").props("id=drawer")
        ui.element("div").classes("shell-scrim").props("data-drawer-toggle")
    drawer.move(target_index=0)
    with drawer, ui.element("nav").props('aria-label="Main"'):
        for section, items in groupby(nav, key=lambda item: item.section):
            tag("p", section, classes="nav-section")
            for item in items:
                links[item.path] = link = _nav_link(item)
                if item.counts is not None:
                    with link:
                        tallies.append(Tally(item.counts))

    def mark(path: str) -> None:
        active = active_path(path, list(links))
        for link_path, link in links.items():
            attribute(link, "aria-current", "page" if link_path == active else None)

    client.sub_pages_router.on_path_changed(mark)
    mark(client.sub_pages_router.current_path)
    return tallies


def _nav_link(item: NavItem) -> ui.element:
    with ui.element("a").classes("nav-item") as link:
        attribute(link, "href", item.path)
        attribute(link, "data-go", item.key)
        ui.icon(item.icon)
        tag("span", item.label)
    return link


def active_path(current: str, paths: Sequence[str]) -> str | None:
    """The most particular of `paths` that `current` lies under; the root only matches itself."""
    here = urlsplit(current).path.rstrip("/") or "/"
    matches = [path for path in paths if here == path or (path != "/" and here.startswith(path.rstrip("/") + "/"))]
    return max(matches, key=len, default=None)


def _shortcuts(keys: Sequence[Shortcut]) -> None:
    """Beside all else in the layout, and no modal dialog of the browser: that would lie above every toast."""
    with ui.context.client.layout:
        scrim = ui.element("div").classes("dialog-scrim shortcuts-scrim").props("id=shortcuts hidden")
    with scrim, ui.element("section").classes("shortcuts") as dialog:
        dialog.props('role=dialog aria-modal=true tabindex=-1 aria-labelledby="shortcuts-title"')
        tag("h2", "Keyboard shortcuts").props("id=shortcuts-title")
        shortcuts.key_list(keys)
        tag("button", "Close", classes="button").props("type=button data-shortcuts-close")
