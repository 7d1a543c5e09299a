"""What happened when: the steps of a run as bars over time, and lists of events."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from nicegui import ui

from console.components.moments import Moment
from console.components.table_data import to_json
from console.components.text import attribute, tag


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One step of a run. Times know their zone; `started` is None for a step still to come."""

    name: str
    status: str
    tries: int = 1
    started: datetime | None = None
    ended: datetime | None = None
    error: str | None = None
    detail: str | None = None  #: of the error: folded until somebody wants it


class StepTimeline(ui.element, component="step_timeline.js", dependencies=["console_clock.js", "console_formats.js"]):
    """Bars over time; those of running steps grow by themselves."""

    def __init__(self, steps: Sequence[Step], *, caption: str = "Steps") -> None:
        super().__init__()
        self.props["caption"] = caption
        self.props["steps-json"] = _json(steps)

    def show(self, steps: Sequence[Step]) -> None:
        """Draw other steps in place of the ones before."""
        source = _json(steps)
        with self.props.suspend_updates():
            self.props["steps-json"] = source
        # `source` is JSON from `to_json`: data as a literal, never as code.
        self.client.run_javascript(f"getElement({self.id})?.show({source})")


def _json(steps: Sequence[Step]) -> str:
    return to_json([asdict(step) for step in steps])


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """Something that happened. `status` gives its mark a colour."""

    at: datetime
    title: str
    text: str = ""
    who: str | None = None
    status: str | None = None
    href: str | None = None


def event_list(events: Sequence[Event]) -> ui.element:
    """The events in the given order, or a sentence that there are none."""
    if not events:
        return tag("p", "Nothing has happened yet.", classes="nothing")
    with ui.element("ol").classes("events") as element:
        for event in events:
            with ui.element("li"):
                attribute(tag("span", classes="badge mark").props("aria-hidden=true"), "data-status", event.status)
                with ui.element("div"):
                    attribute(
                        tag("a" if event.href else "span", event.title, classes="event-title"), "href", event.href
                    )
                    if event.text:
                        tag("p", event.text)
                with ui.element("div").classes("event-when"):
                    if event.who:
                        tag("span", event.who)
                    Moment(event.at)
    return element
