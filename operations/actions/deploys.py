"""What staff can do about the builds of the workers; each deed is in the audit log, before and after Temporal hears."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from operations import audit
from operations.access import Actor, Permission, acting
from operations.database import Database
from operations.deployments import Build, Deployments, named, share
from operations.errors import DatabaseUnavailable, InvalidInput, OperationsError, TemporalUnavailable
from operations.logs import logger

LOOK = 2.0  #: seconds between two looks whether a build has drained

AnswerT = TypeVar("AnswerT")
log = logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Deploys:
    """Raises `InvalidInput`, `BuildUnknown`, `BuildRefused` and `TemporalUnavailable`."""

    database: Database
    deployments: Deployments

    async def make_current(self, actor: Actor, build: str) -> None:
        """New runs begin on it."""
        async with self._telling(actor, "deploy.current", _target(build), {}):
            await self.deployments.make_current(build, by=actor.name)

    async def use_unversioned(self, actor: Actor) -> None:
        """New runs begin on workers without versioning; those in flight stay on their builds."""
        target = audit.Target(kind="deployment", id=self.deployments.name, label=self.deployments.name)
        async with self._telling(actor, "deploy.unversioned", target, {}):
            await self.deployments.use_unversioned(by=actor.name)

    async def ramp(self, actor: Actor, build: str, percent: float) -> None:
        """A share of the new runs begins on it; 0 ends that."""
        async with self._telling(actor, "deploy.ramp", _target(build), {"percent": share(percent)}):
            await self.deployments.ramp(build, percent, by=actor.name)

    async def drain(self, actor: Actor, build: str, *, wait: float) -> Build:
        """The build as it is once nothing is left on it, or after so many seconds; by the answer workers are ended.

        An outage is waited out as long; the error by which it answers then is no answer about the build.
        """
        target, until = _target(build), asyncio.get_running_loop().time() + _seconds(wait)
        try:
            found = await self._drained(build, until)
        except OperationsError as error:
            await self._record(actor, "deploy.drain", audit.Outcome.FAILED, target, {"error": error.message})
            raise
        outcome = audit.Outcome.APPLIED if found.may_be_switched_off else audit.Outcome.REFUSED
        after: dict[str, object] = {"status": found.status.value, "runs": found.runs}
        await _insisting(lambda: self._record(actor, "deploy.drain", outcome, target, after), until)
        return found

    async def _drained(self, build: str, until: float) -> Build:
        while True:
            found = await _insisting(lambda: self._found(build), until)
            if found.may_be_switched_off or asyncio.get_running_loop().time() >= until:
                return found
            await asyncio.sleep(LOOK)

    async def _found(self, build: str) -> Build:
        found = next((each for each in await self.deployments.builds() if each.build == build), None)
        if found is None:
            raise self.deployments.unknown(build)
        return found

    @asynccontextmanager
    async def _telling(
        self, actor: Actor, action: str, target: audit.Target, wanted: dict[str, object]
    ) -> AsyncIterator[None]:
        await self._record(actor, action, audit.Outcome.REQUESTED, target, wanted)
        try:
            yield
        except OperationsError as error:
            await self._record(actor, action, audit.Outcome.FAILED, target, wanted | {"error": error.message})
            raise
        await self._record(actor, action, audit.Outcome.DELIVERED, target, wanted)

    async def _record(
        self, actor: Actor, action: str, outcome: audit.Outcome, target: audit.Target, after: dict[str, object]
    ) -> None:
        async with acting(self.database, actor, Permission.DEPLOY) as connection:
            await audit.record(connection, actor, action, outcome, target, after=after)


def _target(build: str) -> audit.Target:
    return audit.Target(kind="build", id=named(build), label=build)


def _seconds(wait: float) -> float:
    if not wait >= 0:  # also what is not a number
        raise InvalidInput({"wait": "The time to wait must be a number of seconds."})
    return wait


async def _insisting(question: Callable[[], Awaitable[AnswerT]], until: float) -> AnswerT:
    """The answer, waited for while there is none because of an outage; after `until`, the outage."""
    is_told = False
    while True:
        try:
            return await question()
        except (TemporalUnavailable, DatabaseUnavailable) as outage:
            if asyncio.get_running_loop().time() >= until:
                raise
            if not is_told:
                log.warning("no answer, trying again until the time to wait is over", why=outage.message)
            is_told = True
        await asyncio.sleep(LOOK)
