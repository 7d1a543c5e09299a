"""Customers come, staff acts on them by REST; what was acknowledged is written down outside the system under test.

Whoever gets no answer asks again, with the same idempotency key where there is one. The pace stays below what the
machine can do, or "not finished" would look like "lost".
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from uuid import UUID, uuid4

import httpx

from operations import tenant_kinds
from operations.statuses import Plan, Status
from tests.chaos.injuries import Injuries, Injury
from tests.chaos.ledger import Ledger
from tests.chaos.remedies import Answer, Remedies
from tests.chaos.staff import Staff
from tests.chaos.system import DEPROVISION_WAIT, System

PAUSE = 0.4  # seconds between two looks, or two tries
PACE = 0.8  # seconds between two customers
AT_ONCE = 6
PATIENCE = 8.0  # seconds for one answer
MOST_ATTEMPTS = 3
MOST_DEPARTURES = 2  # who was kept once may leave later
REASON = "part of the trial"
CONFLICT = 409
REFUSED = range(400, 500)


class Wish(StrEnum):
    """What is in store for a customer."""

    PLAIN = "plain"
    TERMINATE = "terminate"
    CANCEL = "cancel"
    NO_OWNER = Injury.NO_OWNER.value  #: repaired before the retry
    FULL = Injury.FULL.value  #: repaired before the step is tried now
    HANGS = Injury.HANGS.value  #: repaired before the run is replaced


class Departure(StrEnum):
    """What becomes of a customer once its provisioning is over."""

    STAYS = "stays"
    LEAVES = "leaves"  #: waited out
    CANCEL = "cancel"  #: thought again about the time at which the wait ends
    TERMINATE = "terminate"  #: the removal is ended by force, and then taken up again


DEPARTURES = {Departure.STAYS: 35, Departure.LEAVES: 20, Departure.CANCEL: 30, Departure.TERMINATE: 15}
WISHES = {Wish.PLAIN: 45, Wish.TERMINATE: 12, Wish.CANCEL: 10, Wish.NO_OWNER: 13, Wish.FULL: 12, Wish.HANGS: 8}
CLEANED = 0.6  # of those that were given up


@dataclass(kw_only=True, slots=True)
class Load:
    """Runs customers' journeys against the console."""

    system: System
    chance: Random
    stop: asyncio.Event
    ledger: Ledger = field(default_factory=Ledger)
    awaited: set[UUID] = field(default_factory=set)  #: executions whose end a customer waits for
    acting: set[object] = field(default_factory=set)  #: tasks of those who do not just wait for an end
    _journeys: set["asyncio.Task[None]"] = field(default_factory=set)
    _client: httpx.AsyncClient | None = None
    _injuries: Injuries = field(init=False)
    _remedies: Remedies = field(init=False)

    def __post_init__(self) -> None:
        self._injuries = Injuries(database_url=self.system.database_url, without_owner=self.ledger.without_owner)
        self._remedies = Remedies(ask=self._ask, injuries=self._injuries, ledger=self.ledger)

    async def run(self) -> None:
        """Bring new customers until `stop`, then see the journeys of those who came to their end."""
        headers = {"Authorization": f"Bearer {self.system.token}"}
        async with (
            httpx.AsyncClient(
                base_url=f"{self.system.console_url}/api/v1", headers=headers, timeout=PATIENCE
            ) as client,
            asyncio.TaskGroup() as group,
        ):
            self._client = client
            await self._injuries.prepare()
            staff = group.create_task(self._staff().run(self.stop))
            self.acting.add(staff)
            staff.add_done_callback(self.acting.discard)
            number = 0
            while not self.stop.is_set():
                if len(self._journeys) < AT_ONCE:
                    number += 1
                    journey = group.create_task(self._journey(number, Random(self.chance.random())))
                    self._journeys.add(journey)
                    self.acting.add(journey)
                    journey.add_done_callback(self.acting.discard)
                    journey.add_done_callback(self._journeys.discard)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.stop.wait(), PACE)

    def _staff(self) -> Staff:
        async def see(id_: UUID, chance: Random) -> Status:
            return await self._see_to_its_end(id_, None, 0, chance)

        return Staff(
            ask=self._ask,
            see_to_its_end=see,
            database_url=self.system.database_url,
            ledger=self.ledger,
            awaited=self.awaited,
            acting=self.acting,
            chance=Random(self.chance.random()),
        )

    async def _journey(self, number: int, chance: Random) -> None:
        slug = f"customer-{number}"
        await self._come(slug, chance)
        for departure in chance.choices(list(DEPARTURES), weights=list(DEPARTURES.values()), k=MOST_DEPARTURES):
            if departure is Departure.STAYS or self.stop.is_set() or not await self._leave(slug, departure, chance):
                return

    async def _come(self, slug: str, chance: Random) -> None:
        plan = chance.choice([Plan.STARTER, Plan.STARTER, Plan.ENTERPRISE])
        wish = chance.choices(list(WISHES), weights=list(WISHES.values()))[0]
        execution: UUID | None = await self._register(slug, plan)
        if wish.value in list(Injury):
            await self._injuries.inflict(slug, Injury(wish.value))
        for attempt in range(1, MOST_ATTEMPTS + 1):
            assert execution is not None
            end = wish if attempt == 1 and wish in (Wish.TERMINATE, Wish.CANCEL) else None
            is_last = attempt == MOST_ATTEMPTS
            status = await self._see_to_its_end(
                execution, end, chance.uniform(0, 3), chance, may_replace=not is_last and end is None
            )
            gives_up = is_last or chance.random() < 0.2 or self.stop.is_set()
            if status is Status.COMPLETED:
                return
            await self._injuries.heal(slug)
            if gives_up and execution not in self._remedies.replacing:
                await self._give_up(slug, execution, chance)
                return
            execution = await self._retry(slug, execution)
            if execution is None:
                return

    async def _give_up(self, slug: str, execution: UUID, chance: Random) -> None:
        cleaning = await self._remedies.clean_up(slug, execution) if chance.random() < CLEANED else None
        if cleaning is not None:
            await self._see_to_its_end(cleaning, None, 0, chance)

    async def _leave(self, slug: str, departure: Departure, chance: Random) -> bool:
        """Whether the customer is still there, for all that is known."""
        execution = await self._deprovision(slug)
        end = None if departure is Departure.LEAVES else departure
        for _ in range(MOST_ATTEMPTS):
            if execution is None:
                return False
            if (
                await self._see_to_its_end(execution, end, chance.uniform(0, DEPROVISION_WAIT + 1), chance)
                is Status.COMPLETED
            ):
                return False
            if departure is not Departure.TERMINATE or self.stop.is_set():
                return True
            execution = await self._retry(slug, execution)
            end = chance.choice([None, Departure.CANCEL])
        return True

    async def _register(self, slug: str, plan: Plan) -> UUID:
        body = {"slug": slug, "name": slug.title(), "owner_email": f"{slug}@example.com", "plan": plan.value}
        answer = await self._ask("POST", "/tenants", body, key=str(uuid4()))
        self.ledger.registered[slug] = UUID(str(answer.execution["id"]))
        return self.ledger.registered[slug]

    async def _deprovision(self, slug: str) -> UUID | None:
        """A conflict is an answer too: an earlier try was heard after all. None when there is nothing to remove."""
        answer = await self._ask("POST", f"/tenants/{slug}/deprovision", {"reason": REASON})
        if answer.status == CONFLICT:
            answer = await self._ask("GET", f"/tenants/{slug}")
        execution = answer.execution
        if execution["workflow_type"] != tenant_kinds.DEPROVISIONING.stored_name:
            return None
        id_ = UUID(str(execution["id"]))
        if execution["retry_of"] is None:  # else it is an attempt at an earlier one, and in the ledger as a retry
            self.ledger.leaving[id_] = slug
        return id_

    async def _see_to_its_end(
        self, id_: UUID, end: str | None, patience: float, chance: Random, *, may_replace: bool = False
    ) -> Status:
        """Decide where a decision is asked for, terminate or cancel where that is wished, and wait for the end."""
        with self._waiting(id_):
            return await self._wait(id_, end, patience, chance, may_replace=may_replace)

    @contextmanager
    def _waiting(self, id_: UUID) -> Iterator[None]:
        """Whoever learns of the end acts from that moment: between the two, nobody may think that all is at rest."""
        task = asyncio.current_task()
        acts = task in self.acting
        self.awaited.add(id_)
        self.acting.discard(task)
        try:
            yield
        finally:
            self.awaited.discard(id_)
            if acts:
                self.acting.add(task)

    async def _wait(self, id_: UUID, end: str | None, patience: float, chance: Random, *, may_replace: bool) -> Status:
        decision = chance.choice(["approve", "approve", "approve", "reject"])
        while True:
            seen = await self._ask("GET", f"/executions/{id_}")
            status = Status(str(seen.execution["status"]))
            if status.is_final:
                return status
            patience -= PAUSE
            if end is not None and patience < 0:
                answer = await self._ask("POST", f"/executions/{id_}/{end}", {"reason": REASON})
                if answer.status != CONFLICT:
                    self.ledger.ended.setdefault(id_, set()).add(end)
                end = None
            elif _awaits_decision(seen) and id_ not in self.ledger.decided:
                answer = await self._ask("POST", f"/executions/{id_}/{decision}", {"reason": REASON})
                if answer.status != CONFLICT:
                    self.ledger.decided[id_] = str(answer.body["decision"])
            else:
                await self._remedies.help(id_, seen.execution, chance, may_replace=may_replace)
            await asyncio.sleep(PAUSE)

    async def _retry(self, slug: str, old: UUID) -> UUID | None:
        """A conflict is an answer too: an earlier try was heard after all. None when nothing is tried again."""
        answer = await self._ask("POST", f"/executions/{old}/retry", {"reason": REASON})
        if answer.status == CONFLICT:
            answer = await self._ask("GET", f"/tenants/{slug}")
        execution = answer.execution
        if execution["retry_of"] != str(old):
            return None
        self.ledger.retried[old] = UUID(str(execution["id"]))
        return self.ledger.retried[old]

    async def _ask(
        self, method: str, path: str, body: Mapping[str, object] | None = None, *, key: str | None = None
    ) -> Answer:
        """Ask until there is an answer. Conflicts are answers; other refusals are noted, and nobody should see one."""
        assert self._client is not None
        repeated = False
        headers = {} if key is None else {"Idempotency-Key": key}
        while True:
            try:
                response = await self._client.request(method, path, json=body, headers=headers)
            except httpx.TransportError:
                repeated = True
            else:
                if response.status_code == CONFLICT:
                    self._note_refusal(f"{method} {path}", response)
                if response.is_success or response.status_code == CONFLICT:
                    return Answer(status=response.status_code, body=response.json(), repeated=repeated)
                if response.status_code in REFUSED or response.status_code == httpx.codes.INTERNAL_SERVER_ERROR:
                    self.ledger.unexpected.append(f"{method} {path}: {response.status_code} {response.text[:300]}")
                repeated = True
            self.ledger.repeats += 1
            await asyncio.sleep(PAUSE)

    def _note_refusal(self, what: str, response: httpx.Response) -> None:
        """Whoever is refused is told why, in a sentence."""
        why = str(response.json().get("detail", ""))
        self.ledger.refused.append(f"{what}: {why}")
        if not why.endswith("."):
            self.ledger.unexpected.append(f"{what}: {CONFLICT} without a sentence: {response.text[:300]}")


def _awaits_decision(seen: Answer) -> bool:
    request = seen.body["approval_request"]
    return isinstance(request, dict) and bool(request["is_open"])
