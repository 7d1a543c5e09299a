"""Customers come, staff acts on them by REST; what was acknowledged is written down outside the system under test.

Whoever gets no answer asks again, with the same idempotency key where there is one. The pace stays below what the
machine can do, or "not finished" would look like "lost".
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from uuid import UUID, uuid4

import httpx
import psycopg
from psycopg import AsyncConnection

from operations import tenant_kinds
from operations.statuses import Plan, Status
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
    NO_OWNER = "no_owner"  #: the owner is missing: the provisioning fails and is taken back; repaired before the retry


class Departure(StrEnum):
    """What becomes of a customer once its provisioning is over."""

    STAYS = "stays"
    LEAVES = "leaves"  #: waited out
    CANCEL = "cancel"  #: thought again about the time at which the wait ends
    TERMINATE = "terminate"  #: the removal is ended by force, and then taken up again


DEPARTURES = {Departure.STAYS: 35, Departure.LEAVES: 20, Departure.CANCEL: 30, Departure.TERMINATE: 15}
WISHES = {Wish.PLAIN: 60, Wish.TERMINATE: 12, Wish.CANCEL: 12, Wish.NO_OWNER: 16}


@dataclass(kw_only=True, slots=True)
class Ledger:
    """What the outside knows: every acknowledgement, and every answer that should not have been given."""

    registered: dict[str, UUID] = field(default_factory=dict)  #: slug → first execution
    decided: dict[UUID, str] = field(default_factory=dict)
    retried: dict[UUID, UUID] = field(default_factory=dict)  #: old execution → new one
    ended: dict[UUID, set[str]] = field(default_factory=dict)  #: terminate and cancel, by execution
    leaving: dict[UUID, str] = field(default_factory=dict)  #: deprovisioning → slug
    refused: list[str] = field(default_factory=list)  #: what was asked for and what was said; a no is an answer
    without_owner: set[str] = field(default_factory=set)
    unexpected: list[str] = field(default_factory=list)
    repeats: int = 0

    @property
    def acknowledged(self) -> int:
        named = len(self.registered) + len(self.decided) + len(self.retried) + len(self.leaving)
        return named + sum(map(len, self.ended.values()))


@dataclass(kw_only=True, slots=True)
class Answer:
    """What a request got at last; `repeated` when an earlier one may have taken effect without an answer."""

    status: int
    body: dict[str, object]
    repeated: bool


@dataclass(kw_only=True, slots=True)
class Load:
    """Runs customers' journeys against the console."""

    system: System
    chance: Random
    stop: asyncio.Event
    ledger: Ledger = field(default_factory=Ledger)
    awaited: set[UUID] = field(default_factory=set)  #: executions whose end a customer waits for
    _journeys: set["asyncio.Task[None]"] = field(default_factory=set)
    _client: httpx.AsyncClient | None = None

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
            number = 0
            while not self.stop.is_set():
                if len(self._journeys) < AT_ONCE:
                    number += 1
                    journey = group.create_task(self._journey(number, Random(self.chance.random())))
                    self._journeys.add(journey)
                    journey.add_done_callback(self._journeys.discard)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.stop.wait(), PACE)

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
        if wish is Wish.NO_OWNER:
            await self._set_owner(slug, present=False)
        for attempt in range(1, MOST_ATTEMPTS + 1):
            assert execution is not None
            end = wish if attempt == 1 and wish in (Wish.TERMINATE, Wish.CANCEL) else None
            status = await self._see_to_its_end(execution, end, chance.uniform(0, 3), chance)
            gives_up = attempt == MOST_ATTEMPTS or chance.random() < 0.2 or self.stop.is_set()
            if status is Status.COMPLETED or gives_up:
                return
            await self._set_owner(slug, present=True)
            execution = await self._retry(slug, execution)
            if execution is None:
                return

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
        self.ledger.registered[slug] = UUID(str(_execution(answer)["id"]))
        return self.ledger.registered[slug]

    async def _deprovision(self, slug: str) -> UUID | None:
        """A conflict is an answer too: an earlier try was heard after all. None when there is nothing to remove."""
        answer = await self._ask("POST", f"/tenants/{slug}/deprovision", {"reason": REASON})
        if answer.status == CONFLICT:
            answer = await self._ask("GET", f"/tenants/{slug}")
        execution = _execution(answer)
        if execution["workflow_type"] != tenant_kinds.DEPROVISIONING.stored_name:
            return None
        id_ = UUID(str(execution["id"]))
        self.ledger.leaving[id_] = slug
        return id_

    async def _see_to_its_end(self, id_: UUID, end: str | None, patience: float, chance: Random) -> Status:
        """Decide where a decision is asked for, terminate or cancel where that is wished, and wait for the end."""
        self.awaited.add(id_)
        decision = chance.choice(["approve", "approve", "approve", "reject"])
        while True:
            seen = await self._ask("GET", f"/executions/{id_}")
            status = Status(str(_execution(seen)["status"]))
            if status.is_final:
                self.awaited.discard(id_)
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
            await asyncio.sleep(PAUSE)

    async def _retry(self, slug: str, old: UUID) -> UUID | None:
        """A conflict is an answer too: an earlier try was heard after all. None when nothing is tried again."""
        answer = await self._ask("POST", f"/executions/{old}/retry", {"reason": REASON})
        if answer.status == CONFLICT:
            answer = await self._ask("GET", f"/tenants/{slug}")
        execution = _execution(answer)
        if execution["retry_of"] != str(old):
            return None
        self.ledger.retried[old] = UUID(str(execution["id"]))
        return self.ledger.retried[old]

    async def _ask(
        self, method: str, path: str, body: dict[str, str] | None = None, *, key: str | None = None
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

    async def _set_owner(self, slug: str, *, present: bool) -> None:
        """Break or repair a customer past the product, however long the database is away."""
        if present == (slug not in self.ledger.without_owner):
            return
        statement = GIVE_OWNER if present else TAKE_OWNER
        while True:
            try:
                async with await AsyncConnection.connect(self.system.database_url, connect_timeout=3) as connection:
                    await connection.execute(statement, {"slug": slug, "email": f"{slug}@example.com"})
            except psycopg.OperationalError:
                await asyncio.sleep(PAUSE)
            else:
                (self.ledger.without_owner.discard if present else self.ledger.without_owner.add)(slug)
                return


def _execution(answer: Answer) -> dict[str, object]:
    execution = answer.body["execution"]
    assert isinstance(execution, dict), answer
    return execution


def _awaits_decision(seen: Answer) -> bool:
    request = seen.body["approval_request"]
    return isinstance(request, dict) and bool(request["is_open"])


TAKE_OWNER = "DELETE FROM memberships WHERE tenant_id = (SELECT id FROM tenants WHERE slug = %(slug)s)"
GIVE_OWNER = """
    INSERT INTO memberships (tenant_id, user_id, role)
    SELECT t.id, u.id, 'owner' FROM tenants t, users u WHERE t.slug = %(slug)s AND lower(u.email) = %(email)s
    ON CONFLICT DO NOTHING
"""
