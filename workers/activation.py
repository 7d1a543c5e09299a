"""Which patches new runs take: one that every worker of the queue knows, so that any of them can take the run up.

A run that began on the new version and comes to a worker of the one before would be wedged. As long as both are there,
new runs begin on the old version.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from temporalio.worker import PatchActivationInput

from operations.errors import TemporalRefused, TemporalUnavailable
from operations.fleet import Fleet
from operations.kinds import Kinds
from operations.logs import logger
from operations.settings import Patches

log = logger(__name__)
EVERY = 3.0  #: seconds between two looks; the rhythm of the heartbeats

Allows = Callable[[PatchActivationInput], bool]


def patches(known: Kinds) -> frozenset[str]:
    """What the workflows of these kinds ask for that a worker in use may lack.

    Whether the others know an established one is not asked: a worker that was killed is remembered for a while as one
    that knows nothing, and a run that began with it would change its way.
    """
    return frozenset(patch for kind in known for patch in kind.patches if patch not in kind.established)


@dataclass(kw_only=True, slots=True)
class Activation:
    """Looks at the other workers before this one asks for work, and on from then; `allows` is asked by its runs."""

    fleet: Fleet
    task_queue: str
    identity: str  #: by which Temporal knows this worker among those that ask for work
    declared: frozenset[str]
    policy: Patches
    active: frozenset[str] = frozenset()
    _has_looked: bool = False

    def allows(self, asked: PatchActivationInput) -> bool:
        """Asked once in the life of a run, and not in a replay. A patch that no kind declares is nobody's business."""
        return asked.patch_id not in self.declared or asked.patch_id in self.active

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            await self.look()

    async def look(self) -> None:
        active = await self._allowed()
        if active != self.active or not self._has_looked:
            log.info("new runs take patches", active=sorted(active), inactive=sorted(self.declared - active))
        self.active, self._has_looked = active, True

    async def _allowed(self) -> frozenset[str]:
        match self.policy:
            case Patches.ALL:
                return self.declared
            case Patches.NONE:
                return frozenset()
            case Patches.KNOWN:
                try:
                    known = await self.fleet.known(self.task_queue, own=self.identity)
                except (TemporalUnavailable, TemporalRefused):  # nobody can be asked: what was true stays
                    return self.active
                return self.declared if known is None else self.declared & known
