"""What Temporal said of runs that stand still: remembered by the process that watches, until they move."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from time import monotonic
from uuid import UUID

from operations.diagnosis.evidence import Awaited
from operations.diagnosis.facts import RunFact
from operations.diagnosis.remembering import PAUSES, seen_before
from operations.diagnosis.suspects import Suspect
from operations.statuses import Cause

KEPT = 60.0  #: seconds for which a description is believed, while nothing moves
NEVER = float("-inf")


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """A description, and the last reading of the history. Times are by a clock that never jumps."""

    run: RunFact
    at: float
    progressed_at: datetime
    named: Cause | None = None  #: the cause that came of it
    is_read: bool = False  #: the run is as its history tells
    reading: RunFact | None = None  #: the last one, which holds for as long as the history is the same
    read_at: float = NEVER  #: the last try


@dataclass(kw_only=True, slots=True)
class KeptRuns:
    """By the ids of their rows."""

    _kept: dict[UUID, Kept] = field(default_factory=dict)

    def known(self, suspect: Suspect) -> RunFact | None:
        """Unless somebody else has said otherwise meanwhile: a step was paused, or let go on."""
        kept = self._kept.get(suspect.id)
        if kept is None or (suspect.cause in PAUSES) != (kept.named in PAUSES):
            return None
        if kept.progressed_at != suspect.facts.progressed_at or monotonic() - kept.at >= KEPT:
            return None
        return kept.run

    def described(self, suspect: Suspect, run: RunFact) -> RunFact:
        """With what its history told before, where nothing has been added to that since."""
        before = self._kept.get(suspect.id)
        reading = None if before is None else before.reading
        is_read = reading is not None and run.history is not None and run.history == reading.history
        run = _as_read(run, reading) if reading is not None and is_read else run
        self._kept[suspect.id] = Kept(
            run=run,
            at=monotonic(),
            is_read=is_read,
            progressed_at=suspect.facts.progressed_at,
            reading=reading,
            read_at=NEVER if before is None else before.read_at,
        )
        return run

    def read(self, suspect: Suspect, run: RunFact) -> RunFact:
        """The run as it is to be taken now. Of one that moved since it was described, nothing holds."""
        kept = self._kept[suspect.id]
        if kept.run.awaited is Awaited.NOT_SEEN and run.history != kept.run.history:
            self._kept[suspect.id] = replace(kept, at=NEVER, read_at=monotonic())
            return kept.run
        self._kept[suspect.id] = replace(kept, run=run, is_read=True, reading=run, read_at=monotonic())
        return run

    def unreadable(self, suspect: Suspect) -> None:
        """It was tried, and others have their turn before it is again."""
        self._kept[suspect.id] = replace(self._kept[suspect.id], read_at=monotonic())

    def name(self, suspect: Suspect, cause: Cause | None) -> None:
        if suspect.id in self._kept:
            self._kept[suspect.id] = replace(self._kept[suspect.id], named=cause)

    def by_turns(self, suspects: Iterable[Suspect]) -> Sequence[Suspect]:
        """Whoever was never described comes first, then whoever was not for longest."""
        return sorted(suspects, key=lambda each: self._kept[each.id].at if each.id in self._kept else NEVER)

    def to_read(self, suspects: Iterable[Suspect]) -> Sequence[Suspect]:
        """Those whose history says more than their description, in turns; of whose wait the row knows, later."""

        def turn(suspect: Suspect) -> tuple[float, bool]:
            known = suspect.facts.recorded
            return self._kept[suspect.id].read_at, known is not None and seen_before(known) is not None

        return sorted((each for each in suspects if self._is_unread(each)), key=turn)

    @property
    def queues(self) -> set[str]:
        """From which their steps are taken."""
        return {kept.run.step.queue for kept in self._kept.values() if kept.run.step and kept.run.step.queue}

    def forget(self, others_than: Sequence[Suspect]) -> None:
        """What moved by now."""
        still = {each.id for each in others_than}
        self._kept = {id_: kept for id_, kept in self._kept.items() if id_ in still}

    def _is_unread(self, suspect: Suspect) -> bool:
        kept = self._kept.get(suspect.id)
        if kept is None:
            return False
        fails = kept.run.code is not None and kept.run.code.failures > 0
        return not kept.is_read and (fails or kept.run.awaited is Awaited.NOT_SEEN)


def _as_read(run: RunFact, reading: RunFact) -> RunFact:
    if run.code is not None and reading.code is not None:
        code = replace(reading.code, failures=run.code.failures, is_scheduled=run.code.is_scheduled)
        return replace(run, code=code) if run.code.failures else run
    if run.awaited is Awaited.NOT_SEEN:
        return replace(run, awaited=reading.awaited, until=reading.until)
    return run
