"""Who takes work from the queues of executions that stand still: one question per queue and round."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from operations.diagnosis.facts import Facts, QueueFact
from operations.liveness import Part, Watch
from operations.temporal import Temporal


@dataclass(kw_only=True, slots=True)
class Queues:
    """Remembers when workers were last seen, from round to round."""

    temporal: Temporal
    _watches: dict[str, Watch] = field(default_factory=dict)

    async def look(self, names: Iterable[str], *, steps: Iterable[str]) -> int:
        """Look at these, and at those of `steps` that run elsewhere, and forget the others; the number of questions."""
        of_steps = set(steps) - (of_runs := set(names))
        wanted = of_runs | of_steps
        for name in wanted - self._watches.keys():
            self._watches[name] = Watch(temporal=self.temporal, task_queue=name, of_steps=name in of_steps)
        for name in self._watches.keys() - wanted:
            del self._watches[name]
        await asyncio.gather(*(watch.look() for watch in self._watches.values()))
        return len(self._watches)

    def told(self, facts: Facts, queue: str) -> Facts:
        """`facts` with what the last look told. Until workers had time to be seen, it tells nothing of them."""
        watch = self._watches.get(queue)
        if watch is None:
            return replace(facts, queue=None)
        outage = next(iter(watch.outages), None)
        if outage is None:
            there = QueueFact(name=queue, workers=1, builds=watch.builds) if watch.has_worker else None
            return replace(facts, queue=there, temporal_answers=True)
        if outage.part is Part.TEMPORAL:
            return replace(facts, temporal_answers=False)
        gone = facts.now - (watch.clock.now() - outage.since)  # an age is one by any clock
        return replace(facts, queue=QueueFact(name=queue, workers=0, gone_since=gone), temporal_answers=True)
