"""Somebody who does one thing to many at once by REST: begins, pauses, lets go on, stops, sees what became of it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from uuid import UUID

import psycopg
from psycopg import AsyncConnection

from operations import tenant_kinds
from operations.kinds import Deed
from operations.statuses import BulkState
from tests.chaos.ledger import Ledger
from tests.chaos.remedies import Ask

PAUSE = 0.4  # seconds between two looks
PACE = 3.0  # seconds between two bulk operations
REASON = "part of the trial"
ACCEPTED = 202
MOST_NAMED = 4  #: executions whose ids are named one by one
DEEDS = {Deed.RETRY: 50, Deed.APPROVE: 20, Deed.TERMINATE: 15, Deed.CANCEL: 10, Deed.REJECT: 5}
LIFTED = {"pause": 0.15, "stop": 0.05}  # of the looks at one that runs end in this


@dataclass(kw_only=True, slots=True)
class Staff:
    """Acts on many at once, beside those who act on one at a time."""

    ask: Ask
    see_to_its_end: Callable[[UUID, Random], Awaitable[object]]
    database_url: str
    ledger: Ledger
    awaited: set[UUID]
    acting: set[object]
    chance: Random
    _settled: dict[UUID, int] = field(default_factory=dict)  #: rows with their end, as they were last told
    _looked_after: set[UUID] = field(default_factory=set)

    async def run(self, stop: asyncio.Event) -> None:
        """One after the other; after `stop`, those that were begun come to their end."""
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                await self._begin()
                await self._look_after_all(group)
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), PACE)
            self.acting.discard(asyncio.current_task())  # what is left is to see the ends of what was begun

    async def _begin(self) -> None:
        """An answer that is lost may have begun one that nobody here knows of."""
        deed = self.chance.choices(list(DEEDS), weights=list(DEEDS.values()))[0]
        body: dict[str, object] = {"action": deed.value, "reason": REASON, "first_alone": self.chance.random() < 0.3}
        which: dict[str, object] = {"type": tenant_kinds.PROVISIONING.stored_name}
        if deed is Deed.RETRY:
            body["filter"] = which | {"status": "failed", "superseded": False}
        elif deed in (Deed.APPROVE, Deed.REJECT):
            body["filter"] = which | {"status": "running"}
        elif self.awaited:
            named = sorted(self.awaited)
            body["ids"] = [str(id_) for id_ in self.chance.sample(named, min(MOST_NAMED, len(named)))]
        else:
            return
        answer = await self.ask("POST", "/executions/bulk", body)
        bulk = _bulk(answer.body)
        self.ledger.begun[UUID(str(bulk["id"]))] = _number(bulk["total"])

    async def _look_after_all(self, group: asyncio.TaskGroup) -> None:
        while new := await self._known() - self._looked_after:
            for id_ in sorted(new):
                await self._look_after(id_)
                self._looked_after.add(id_)
                for successor in await self._successors(id_):
                    group.create_task(self._see(successor, Random(self.chance.random())))

    async def _see(self, successor: UUID, chance: Random) -> None:
        await self.see_to_its_end(successor, chance)

    async def _look_after(self, id_: UUID) -> None:
        """Until it has come to its end, which it does only when somebody lets go on what is paused."""
        while True:
            bulk = _bulk((await self.ask("GET", f"/bulk/{id_}", None)).body)
            self._check(id_, bulk)
            if bulk["finished_at"] is not None:
                return
            move = self._move(BulkState(str(bulk["state"])))
            if move is not None:
                await self.ask("POST", f"/bulk/{id_}/{move}", None)
                self.ledger.moved.append((move, id_))
            await asyncio.sleep(PAUSE)

    def _move(self, state: BulkState) -> str | None:
        if state is BulkState.PAUSED:
            return self.chance.choices(["resume", "stop"], weights=[85, 15])[0]
        drawn = self.chance.random()
        if state is not BulkState.RUNNING or drawn > sum(LIFTED.values()):
            return None
        return "pause" if drawn < LIFTED["pause"] else "stop"

    def _check(self, id_: UUID, bulk: Mapping[str, object]) -> None:
        """What a page shows: the numbers add up at each look, and progress never goes back."""
        done = sum(_number(bulk[state]) for state in ("done", "failed", "skipped"))
        results = bulk["results"]
        assert isinstance(results, dict)
        counted = done + _number(bulk["left"]) + _number(bulk["sent"])
        if not counted == sum(results.values()) == bulk["total"]:
            self.ledger.unexpected.append(f"bulk {id_}: {bulk['total']} rows, {counted} counted, as {results}")
        if done < self._settled.get(id_, 0):
            self.ledger.unexpected.append(f"bulk {id_}: {done} rows settled, after {self._settled[id_]}")
        self._settled[id_] = done

    async def _successors(self, id_: UUID) -> list[UUID]:
        found: list[UUID] = []
        cursor: object = ""
        while cursor is not None:
            place = f"&cursor={cursor}" if cursor else ""
            page = (await self.ask("GET", f"/bulk/{id_}?limit=100{place}", None)).body
            assert isinstance(page["items"], list)
            found += [UUID(row["successor_id"]) for row in page["items"] if row["successor_id"] is not None]
            cursor = page["next"]
        return found

    async def _known(self) -> set[UUID]:
        while True:
            try:
                async with await AsyncConnection.connect(self.database_url, connect_timeout=3) as connection:
                    found = await (await connection.execute("SELECT id FROM bulk_operations")).fetchall()
            except psycopg.OperationalError:
                await asyncio.sleep(PAUSE)
            else:
                return {UUID(str(row[0])) for row in found}


def _bulk(body: Mapping[str, object]) -> Mapping[str, object]:
    bulk = body["bulk"]
    assert isinstance(bulk, dict), body
    return bulk


def _number(value: object) -> int:
    assert isinstance(value, int), value
    return value
