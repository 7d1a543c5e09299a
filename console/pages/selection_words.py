"""What the bar over selected rows says and offers. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from console.pages import deeds
from operations.bulk.plans import Offer
from operations.bulk.selections import MOST, narrows
from operations.kinds import Deed
from operations.queries.execution_views import ExecutionFilter

UNFILTERED = "Filter the list first: all executions there are cannot be selected at once."
TOO_MANY = f"These are more than {MOST:,}; filter further, and do them in parts."
#: Offered only where a run waits for them: elsewhere they would be noise.
DECISIONS = (Deed.APPROVE, Deed.REJECT)


@dataclass(frozen=True, kw_only=True, slots=True)
class BarButton:
    """A deed in the bar; `problem` says why it cannot be done to any of what is selected."""

    deed: Deed
    label: str
    name: str  #: for screen readers
    problem: str | None = None


def counted(selected: int, here: int) -> str:
    """`here`: how many of them are among the rows that are shown."""
    elsewhere = selected - here
    if not elsewhere:
        return f"{selected:,} selected"
    return f"{selected:,} selected, {elsewhere:,} not on this page"


def all_counted(number: int) -> str:
    if number > MOST:
        return f"More than {MOST:,} match, too many to do at once"
    return "The only one that matches is selected" if number == 1 else f"All {number:,} that match are selected"


def offer_all(total: int, *, capped: bool) -> str:
    return f"Select all that match, more than {total:,}" if capped else f"Select all {total:,} that match"


def why_not_all(wanted: ExecutionFilter) -> str | None:
    """Why all that match this cannot be selected."""
    return None if narrows(wanted) else UNFILTERED


def dropped(number: int) -> str:
    was = "1 selected run is" if number == 1 else f"{number:,} selected runs are"
    return f"Another filter shows other runs: {was} not selected any more."


def buttons(offers: Iterable[Offer], number: int) -> tuple[BarButton, ...]:
    """Of a selection that was looked at."""
    return tuple(
        button(offer.deed, number, offer.problem) for offer in offers if offer.acting or offer.deed not in DECISIONS
    )


def unlooked(among: Iterable[Deed], number: int, *, waiting: bool) -> tuple[BarButton, ...]:
    """Of a selection that is too large to look at each time; `waiting`: it is of runs that wait for a decision."""
    offered = tuple(among)
    decides = waiting or set(offered) <= set(DECISIONS)
    problem = TOO_MANY if number > MOST else None
    return tuple(button(deed, number, problem) for deed in offered if decides or deed not in DECISIONS)


def button(deed: Deed, number: int, problem: str | None = None) -> BarButton:
    label = deeds.WORDINGS[deed].label
    runs = "1 selected run" if number == 1 else f"{number:,} selected runs"
    why = "" if problem is None else f", not possible: {problem}"
    return BarButton(deed=deed, label=label, name=f"{label} {runs}{why}", problem=problem)
