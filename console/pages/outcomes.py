"""Whether a retry helped, told to whoever still looks when it is known."""

from collections.abc import Sequence

from console.components import feedback
from console.pages import words
from operations.queries.execution_views import EventView
from operations.statuses import Outcome


class Outcomes:
    """Tells each once; what was known when the page was opened is in its history."""

    def __init__(self, events: Sequence[EventView]) -> None:
        self._told = {event.seq for event in events if event.kind == "outcome"}

    def show(self, events: Sequence[EventView]) -> None:
        for event in events:
            if event.kind == "outcome" and event.seq not in self._told:
                self._told.add(event.seq)
                helped = event.outcome == Outcome.MOVED_ON
                feedback.toast(f"{words.event_title(event)}.", feedback.Tone.SUCCESS if helped else feedback.Tone.ERROR)
