"""What happened when: the steps of a run as bars over time, and lists of events."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime

from nicegui import ui

from console.components.moments import Moment
from console.components.table_data import to_json
from console.components.text import attribute, tag


@dataclass(frozen=True, kw_only=True, slots=True)
class Wait:
    """A time in which nothing was done, or nothing that helped; without an end it lasts."""

    began: datetime
    text: str = ""  #: for what; without it, what stands beside the step says so
    ended: datetime | None = None
    is_of_tries: bool = False  #: of the step itself, before somebody had it tried at once: they count no more


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One step of a run. Times know their zone; `started` is None for a step still to come."""

    name: str
    status: str
    tries: int = 1
    counted: str = ""  #: in words, when it was tried more than once
    started: datetime | None = None  #: the latest try, or the only one: what was before it is a wait
    ended: datetime | None = None
    tried: tuple[datetime, ...] = ()  #: when tries began, as far as that is known
    next_try: datetime | None = None
    waits: tuple[Wait, ...] = ()
    usual: float | None = None  #: seconds that the step takes, as a rule
    error: str | None = None
    detail: str | None = None  #: of the error: folded until somebody wants it


@dataclass(frozen=True, kw_only=True, slots=True)
class Deadline:
    """What happens by itself at a moment to come."""

    at: datetime
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Timeline:
    """The steps from the request on; without an end, up to now."""

    began: datetime
    steps: Sequence[Step]
    ended: datetime | None = None
    deadlines: Sequence[Deadline] = field(default=())
    earlier: int = 0  #: steps before these that are not drawn


class StepTimeline(
    ui.element,
    component="step_timeline.js",
    dependencies=["console_clock.js", "console_formats.js", "console_line.js", "console_scale.js"],
):
    """Bars over time, up to now; what lasts grows by itself. Waits are hatched, and long ones are folded."""

    def __init__(self, timeline: Timeline, *, caption: str = "Steps") -> None:
        super().__init__()
        self.props["caption"] = caption
        self.props["timeline-json"] = _json(timeline)

    def show(self, timeline: Timeline) -> None:
        """Draw this in place of what was before."""
        source = _json(timeline)
        if source == self.props["timeline-json"]:
            return
        with self.props.suspend_updates():
            self.props["timeline-json"] = source
        # `source` is JSON from `to_json`: data as a literal, never as code.
        self.client.run_javascript(f"getElement({self.id})?.show({source})")


def _json(timeline: Timeline) -> str:
    return to_json(asdict(timeline))


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """Something that happened. `status` gives its mark a colour."""

    at: datetime
    title: str
    text: str = ""
    who: str | None = None
    status: str | None = None
    href: str | None = None


def event_list(events: Sequence[Event], *, nothing: str = "Nothing has happened yet.") -> ui.element:
    """The events in the given order, or a sentence that there are none."""
    if not events:
        return tag("p", nothing, classes="nothing")
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
