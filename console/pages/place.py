"""What a page says of itself; addresses, drawer, titles and the role gate go by it alone."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from fastapi import APIRouter
from nicegui.page_arguments import PageArguments

from console.components.shell import NavItem
from console.pages.scope import Scope
from operations.access import Actor, Permission
from operations.bootstrap import Reads
from operations.database import Database


@dataclass(frozen=True, kw_only=True, slots=True)
class Nav:
    """Where the drawer has the page. `key` is the letter that leads there after `g`."""

    icon: str
    key: str
    section: str = "Operate"
    counts: str | None = None  #: the number of what waits there, by its name in `Attention`


class Routed(Protocol):
    """What REST answers, too: a `Listing`."""

    def router(self, reads: Reads, database: Database) -> APIRouter: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """One page: its file makes one, `places.PLACES` has a line for it."""

    path: str  #: such as `/tenants/{slug}`; `build` finds the slug among the arguments' path parameters
    title: str
    build: Callable[[Scope, PageArguments], Awaitable[None]]
    nav: Nav | None = None
    listing: Routed | None = None  #: of a page that is a list: also its route in REST, and its file
    permission: Permission = Permission.SEE  #: without it the page says so, and the drawer leaves it out
    of_demos: bool = False  #: elsewhere there is no such page

    def item(self, actor: Actor) -> NavItem | None:
        """How the drawer shows the page to somebody; None when it does not."""
        if self.nav is None or not actor.may(self.permission):
            return None
        nav = self.nav
        return NavItem(
            label=self.title, icon=nav.icon, path=self.path, section=nav.section, key=nav.key, counts=nav.counts
        )
