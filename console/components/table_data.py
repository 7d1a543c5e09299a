"""What a live table is told: its columns, its actions, what an empty one says, and what has changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from nicegui import json

MOST_SELECTED = 1_000  #: rows, one by one and over several pages
LONGEST_ID = 64  #: characters of a row's id


class Kind(StrEnum):
    """How a column's values are drawn."""

    TEXT = "text"
    MONO = "mono"
    STATUS = "status"  #: a badge; `secondary` names the field with the word of a second one
    LINK = "link"  #: leads to `href`; without one it only emits `open`
    TIME = "time"  #: ISO text or seconds; relative, the absolute time on hover
    DURATION = "duration"  #: milliseconds; null means running since the field `since`, and ticks
    PROGRESS = "progress"  #: n of the field `total`
    NUMBER = "number"
    ERROR = "error"  #: two lines, all of it on hover
    ID = "id"  #: copied by a click


class Layout(StrEnum):
    """Other than a table on wide screens and cards with all their labels on phones."""

    BRIEF = "brief"  #: on phones three lines: name and status, why, how long and how far; placed by names of columns
    LEDGER = "ledger"  #: cards everywhere, two halves side by side; the stylesheet places columns by their names


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One column; `name` is the field of the row it draws."""

    name: str
    label: str
    kind: Kind = Kind.TEXT
    sortable: bool = False
    align: Literal["left", "right"] = "left"
    hideable: bool = True
    hidden: bool = False
    when_filled: bool = False  #: not shown while no row has anything to say in it, unless somebody chose it
    width: int | None = None  #: px; without it, what the kind needs and a share of the room left
    href: str | None = None  #: such as `/executions/{id}`; fields are filled in and escaped
    opens: bool = False  #: a plain click on the link emits `open` instead; it stays an address to copy and to send
    secondary: str | None = None  #: the field drawn small below, or the second badge
    lead: str | None = None  #: the field with who must act, drawn bold before what is drawn small below
    note: str | None = None  #: the field drawn small below as a link
    note_href: str | None = None  #: where that leads, as `href`
    tone: str | None = None  #: the field with the colour of the second badge, which the edge of the row takes too
    since: str | None = None  #: the field with the moment from which the duration, or the second badge, counts
    until: str | None = None  #: the field with the moment of the next try, told after what is drawn small below
    total: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Action:
    """A button at the end of rows. A row offers it through its field `actions`.

    That field maps the names of actions to null, or to the reason why it is not possible now. What the
    viewer may not do is left out of it.
    """

    name: str
    label: str
    icon: str
    danger: bool = False
    worded: bool = False  #: with its label beside the icon, also where there is room for little


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Rows that say the same in the field `key` and stand together get a head, when there are several.

    It names them by the field `label`, says how many there are, as in “3 findings”, and leads to `href`.
    """

    key: str
    label: str
    href: str  #: such as `/reconciliation?tenant={tenant}`; fields are filled in and escaped
    noun: str


class EmptyKind(StrEnum):
    """Why there are no rows, or no page."""

    NOTHING_YET = "nothing-yet"
    NOTHING_MATCHES = "nothing-matches"
    ALL_HEALTHY = "all-healthy"
    UNAVAILABLE = "unavailable"
    NOT_FOUND = "not-found"
    NOT_PERMITTED = "not-permitted"


EMPTY_ICONS = {
    EmptyKind.NOTHING_YET: "inbox",
    EmptyKind.NOTHING_MATCHES: "filter_alt_off",
    EmptyKind.ALL_HEALTHY: "check_circle",
    EmptyKind.UNAVAILABLE: "cloud_off",
    EmptyKind.NOT_FOUND: "explore_off",
    EmptyKind.NOT_PERMITTED: "lock",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Empty:
    """What an empty list says, and where its button leads."""

    kind: EmptyKind
    title: str
    text: str = ""
    action: str | None = None
    href: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Sort:
    """The order the rows are in."""

    name: str
    descending: bool = False


NOTHING_YET = Empty(kind=EmptyKind.NOTHING_YET, title="Nothing here yet")


@dataclass(frozen=True, kw_only=True, slots=True)
class Patch:
    """What has changed. `changed` rows may hold the id and the new fields only."""

    changed: Sequence[Mapping[str, object]] = ()
    removed: Sequence[str] = ()
    inserted: Sequence[Mapping[str, object]] = ()
    moves: Sequence[tuple[str, int]] = ()  #: ids with their place in the list to come, by place; new ones too

    def to_json(self) -> str:
        """Serialise once, then hand the same text to every viewer's table."""
        parts = {
            "changed": self.changed,
            "removed": self.removed,
            "inserted": self.inserted,
            "moves": self.moves,
        }
        return to_json({name: value for name, value in parts.items() if value})


def to_json(value: object) -> str:
    """JSON that is also JavaScript source and safe within HTML."""
    text: str = json.dumps(value)
    return text.replace("</", "<\\/").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def selected_ids(value: object) -> list[str]:
    """What a browser says is selected. Raises `ValueError` for what no table of ours says."""
    if not isinstance(value, list) or len(value) > MOST_SELECTED:
        raise ValueError("not a selection")
    ids = [each for each in value if isinstance(each, str) and 0 < len(each) <= LONGEST_ID]
    if len(ids) < len(value):
        raise ValueError("not a selection of rows")
    return list(dict.fromkeys(ids))
