"""What staff can do about the builds of the workers; each deed is in the audit log, before and after Temporal hears."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from operations import audit
from operations.access import Actor, Permission, acting
from operations.database import Database
from operations.deployments import Build, BuildUnknown, Deployments
from operations.errors import OperationsError

LOOK = 2.0  #: seconds between two looks whether a build has drained


@dataclass(frozen=True, kw_only=True, slots=True)
class Deploys:
    """Raises `BuildUnknown`, `BuildRefused` and `TemporalUnavailable`."""

    database: Database
    deployments: Deployments

    async def make_current(self, actor: Actor, build: str) -> None:
        """New runs begin on it."""
        async with self._telling(actor, "deploy.current", build, {}):
            await self.deployments.make_current(build, by=actor.name)

    async def ramp(self, actor: Actor, build: str, percent: float) -> None:
        """A share of the new runs begins on it; 0 ends that."""
        async with self._telling(actor, "deploy.ramp", build, {"percent": percent}):
            await self.deployments.ramp(build, percent, by=actor.name)

    async def drain(self, actor: Actor, build: str, *, wait: float) -> Build:
        """The build as it is once nothing is left on it, or after so many seconds; by the answer workers are ended."""
        until = asyncio.get_running_loop().time() + wait
        while True:
            found = await self._found(build)
            if found.may_be_switched_off or asyncio.get_running_loop().time() >= until:
                break
            await asyncio.sleep(LOOK)
        outcome = audit.Outcome.APPLIED if found.may_be_switched_off else audit.Outcome.REFUSED
        await self._record(actor, "deploy.drain", outcome, build, {"status": found.status.value, "runs": found.runs})
        return found

    async def _found(self, build: str) -> Build:
        found = next((each for each in await self.deployments.builds() if each.build == build), None)
        if found is None:
            raise BuildUnknown
        return found

    @asynccontextmanager
    async def _telling(self, actor: Actor, action: str, build: str, wanted: dict[str, object]) -> AsyncIterator[None]:
        await self._record(actor, action, audit.Outcome.REQUESTED, build, wanted)
        try:
            yield
        except OperationsError as error:
            await self._record(actor, action, audit.Outcome.FAILED, build, wanted | {"error": error.message})
            raise
        await self._record(actor, action, audit.Outcome.DELIVERED, build, wanted)

    async def _record(
        self, actor: Actor, action: str, outcome: audit.Outcome, build: str, after: dict[str, object]
    ) -> None:
        target = audit.Target(kind="build", id=build, label=build)
        async with acting(self.database, actor, Permission.DEPLOY) as connection:
            await audit.record(connection, actor, action, outcome, target, after=after)
