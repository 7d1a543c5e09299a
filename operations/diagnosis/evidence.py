"""What a diagnosis rests on, as data: kept beside the cause, read by pages, REST and the command line. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Self

from operations.error_texts import clean_words
from operations.statuses import FindingKind


class Awaited(StrEnum):
    """What a run waits for that has nothing left to do."""

    SIGNAL = "signal"
    CHILD = "child"
    TIMER = "timer"
    CONSENT = "consent"  #: of another person, to a removal
    NOT_SEEN = "not_seen"  #: nothing is pending, and nobody has read its history


#: Whoever reaches Temporal chooses these: reasons of pauses, identities, names of steps, queues and builds.
GIVEN = ("step", "worker", "queue", "build", "by", "why")


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """No ages: they would change without anything having happened. Its words can be stored, whoever gave them."""

    step: str | None = None
    tries: int | None = None
    next_try_at: datetime | None = None
    worker: str | None = None  #: that had the step last
    queue: str | None = None
    workers: int | None = None  #: that take work from the queue
    build: str | None = None  #: that the run needs, or whose code contradicts its history
    until: datetime | None = None
    by: str | None = None
    why: str | None = None
    awaited: Awaited | None = None  #: of a pause: what it was laid over
    paused_since: datetime | None = None  #: where a pause began before the cause of which this is the evidence
    finding: FindingKind | None = None
    is_contradiction: bool | None = None  #: the code contradicts the history of the run

    def __post_init__(self) -> None:
        for name in GIVEN:
            object.__setattr__(self, name, clean_words(getattr(self, name)))

    def as_json(self) -> dict[str, object] | None:
        """Without what is not known; None when nothing is."""
        known = {field.name: getattr(self, field.name) for field in fields(self)}
        said = {name: value for name, value in known.items() if value is not None}
        return {name: v.isoformat() if isinstance(v, datetime) else v for name, v in said.items()} or None

    @classmethod
    def from_json(cls, kept: object) -> Self:
        """What an older or newer version wrote and this one does not understand is left out."""
        said = kept if isinstance(kept, Mapping) else {}
        return cls(
            step=_text(said.get("step")),
            tries=_number(said.get("tries")),
            next_try_at=_moment(said.get("next_try_at")),
            worker=_text(said.get("worker")),
            queue=_text(said.get("queue")),
            workers=_number(said.get("workers")),
            build=_text(said.get("build")),
            until=_moment(said.get("until")),
            by=_text(said.get("by")),
            why=_text(said.get("why")),
            awaited=Awaited(said["awaited"]) if said.get("awaited") in list(Awaited) else None,
            paused_since=_moment(said.get("paused_since")),
            finding=FindingKind(said["finding"]) if said.get("finding") in list(FindingKind) else None,
            is_contradiction=True if said.get("is_contradiction") is True else None,
        )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _moment(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
