"""Who takes work from the queues of executions that stand still: one question per queue and round."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Self

from operations.contact import Contact
from operations.diagnosis.facts import Facts, QueueFact
from operations.liveness import Outage, Part, Watch


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What a look found; a round that takes long judges by it to its end, and not by signs that grow old meanwhile."""

    outage: Outage | None
    gone_for: timedelta  #: an age is one by any clock
    workers: bool | None
    builds: frozenset[str]

    @classmethod
    def by(cls, watch: Watch) -> Self:
        outage = next(iter(watch.outages), None)
        return cls(
            outage=outage,
            gone_for=timedelta() if outage is None else watch.clock.now() - outage.since,
            workers=watch.workers,
            builds=watch.builds,
        )


@dataclass(kw_only=True, slots=True)
class Queues:
    """Remembers when workers were last seen, from round to round."""

    contact: Contact
    every: float  #: seconds between two rounds
    _watches: dict[str, Watch] = field(default_factory=dict)
    _seen: dict[str, Seen] = field(default_factory=dict)

    async def look(self, names: Iterable[str], *, steps: Iterable[str]) -> int:
        """Look at these, and at those of `steps` that run elsewhere, and forget the others; the number of questions."""
        of_steps = set(steps) - (of_runs := set(names))
        wanted = of_runs | of_steps
        for name in wanted - self._watches.keys():
            self._watches[name] = Watch(
                temporal=self.contact.temporal, task_queue=name, of_steps=name in of_steps, every=self.every
            )
        for name in self._watches.keys() - wanted:
            del self._watches[name]
        for watch in self._watches.values():
            watch.know_of_return(self.contact.returned_at)
        await asyncio.gather(*(watch.look() for watch in self._watches.values()))
        self._seen = {name: Seen.by(watch) for name, watch in self._watches.items()}
        return len(self._watches)

    def told(self, facts: Facts, queue: str) -> Facts:
        """`facts` with what the last look told. Until workers had time to be seen, it tells nothing of them."""
        seen = self._seen.get(queue)
        if seen is None:
            return replace(facts, queue=None)
        if seen.outage is None:
            there = QueueFact(name=queue, workers=1, builds=seen.builds) if seen.workers else None
            return replace(facts, queue=there, temporal_answers=True)
        if seen.outage.part is Part.TEMPORAL:
            return replace(facts, temporal_answers=False, unanswered_since=facts.now - seen.gone_for)
        gone = facts.now - seen.gone_for
        return replace(facts, queue=QueueFact(name=queue, workers=0, gone_since=gone), temporal_answers=True)
