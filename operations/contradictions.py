"""How Temporal says that code and history contradict each other, in words for people. Pure.

The gate before a deploy and whoever looks at a wedged run say the same.
"""

import re
from collections.abc import Iterable

from temporalio.api.history.v1 import HistoryEvent

LONGEST = 500  # characters
NUMBER = re.compile(r"^.*?\[TMPRL\d+\]\s*(?:Nondeterminism error:\s*)?")
DUMP = '", source: '  #: begins what core prints of the error behind its words
EVENT = re.compile(r"HistoryEvent\(id: (\d+)")
PATCH = re.compile(r"patch marker .*for change ([^,]+),")
PATCH_MARKER = "core_patch"
#: By what is said, what helps; the first that fits.
ADVICE = (
    (
        re.compile(r"patch", re.IGNORECASE),
        "A patch has gone while runs are on the way it marks, or on the way before it: keep workflow.patched until "
        "none is.",
    ),
    (re.compile(r"not registered"), "Install the package that brings this workflow, or let the run end first."),
    (
        re.compile(r""),
        "Put the change behind workflow.patched and leave the old way in place for runs in flight, or let them end "
        "first.",
    ),
)


def words(said: str) -> str:
    """Without the number of the error, and without the dump of it that follows."""
    return NUMBER.sub("", " ".join(said.replace("\\'", "'").split())).split(DUMP)[0][:LONGEST]


def advice(said: str) -> str:
    return next(sentence for pattern, sentence in ADVICE if pattern.search(said))


def sentence(build: str | None, said: str | None) -> str:
    """Of a run that cannot go on: whose code does not fit, and where."""
    code = f"The code of build {build}" if build else "The workers' code"
    where = f": {words(said).rstrip('.!')}" if said and said.strip() else ""
    return f"{code} does not match this run's history{where}."


def place(said: str, events: Iterable[HistoryEvent]) -> int | None:
    """The event at fault, where the words name it or a patch whose marker is in the history."""
    if found := EVENT.search(said):
        return int(found[1])
    if found := PATCH.search(said):
        markers = (event for event in events if event.marker_recorded_event_attributes.marker_name == PATCH_MARKER)
        return next((event.event_id for event in markers if found[1].encode() in event.SerializeToString()), None)
    return None
