"""The views of the lists that people and scripts ask for, each with the index that has to serve it."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy import text

from operations.database import Database
from operations.queries.cursors import Cursor
from operations.queries.execution_views import ExecutionFilter, Sort
from operations.queries.executions import ExecutionQueries
from operations.queries.tenants import TenantQueries, TenantSort
from operations.statuses import Failure, Health, Status, TenantStatus

BUSY = frozenset({Status.PENDING, Status.RUNNING, Status.FAILED})
FAILED = frozenset({Status.FAILED})
ILL = frozenset({Health.STUCK, Health.SLOW, Health.DRIFT})
TYPES = ("tenant_provisioning", "tenant_deprovisioning", "tenant_migration", "tenant_export")


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """A question to the database. Names begin with "search" or "error" where free text is looked for."""

    name: str
    ask: Callable[[], Awaitable[object]]
    index: str  #: the plan of one of its statements names it


@dataclass(frozen=True, kw_only=True, slots=True)
class Landmarks:
    """Places in the data that views ask for."""

    middle: datetime  #: half of all executions were created before
    tenant_id: UUID  #: of the tenant with most executions
    slug: str  #: of any tenant


def all_views(database: Database, place: Landmarks) -> list[View]:
    executions, tenants = ExecutionQueries(database=database), TenantQueries(database=database)
    lists = [*_orders(place), *_words(), *_narrow(place), *_searches(place)]
    views = [
        View(name=name, ask=_listing(executions, wanted, sort, cursor), index=f"ix_workflow_executions_{index}")
        for name, index, wanted, sort, cursor in lists
    ]
    return [
        *views,
        View(name="counts by status", ask=executions.status_counts, index="ix_workflow_executions_status"),
        *(
            View(name=f"counts, {failure}", ask=executions.status_counts, index=f"ix_workflow_executions_{failure}")
            for failure in Failure
        ),
        View(name="throughput of a day", ask=executions.throughput, index="ix_workflow_executions_completed"),
        *_of_tenants(tenants, place),
    ]


Listed = tuple[str, str, ExecutionFilter, Sort, Cursor | None]


def _listing(
    executions: ExecutionQueries, wanted: ExecutionFilter, sort: Sort, cursor: Cursor | None
) -> Callable[[], Awaitable[object]]:
    return lambda: executions.list(wanted, sort=sort, cursor=None if cursor is None else cursor.encode())


def _orders(place: Landmarks) -> Iterator[Listed]:
    def at(segment: int, *, backward: bool = False) -> Cursor:
        return Cursor(segment=segment, value=place.middle, id=UUID(int=0), backward=backward)

    everything = ExecutionFilter()
    named = Cursor(segment=0, value=place.slug, id=UUID(int=0))
    lasting = Cursor(segment=0, value=timedelta(minutes=5), id=UUID(int=0))
    yield "attention (default)", "open_health", everything, Sort.ATTENTION, None
    yield "attention, those that ask", "open_", everything, Sort.ATTENTION, at(1)
    yield "attention, those without trouble", "open_progress", everything, Sort.ATTENTION, at(2)
    yield "attention, page of trouble before", "open_health", everything, Sort.ATTENTION, at(1, backward=True)
    yield "attention, deep page", "status", everything, Sort.ATTENTION, at(3)
    yield "attention, page before", "status", everything, Sort.ATTENTION, at(3, backward=True)
    yield "newest", "created", everything, Sort.NEWEST, None
    yield "newest, deep page", "created", everything, Sort.NEWEST, at(0)
    yield "newest, page before", "created", everything, Sort.NEWEST, at(0, backward=True)
    yield "oldest", "created", everything, Sort.OLDEST, None
    yield "latest ended", "completed", everything, Sort.LATEST_COMPLETED, None
    yield "earliest ended", "completed", everything, Sort.EARLIEST_COMPLETED, None
    yield "longest", "duration", everything, Sort.LONGEST, None
    yield "shortest", "duration", everything, Sort.SHORTEST, None
    yield "longest, deep page", "duration", everything, Sort.LONGEST, lasting
    yield "by tenant", "entity", everything, Sort.TENANT, None
    yield "by tenant, backward", "entity", everything, Sort.TENANT_BACKWARD, None
    yield "by tenant, deep page", "entity", everything, Sort.TENANT, named
    yield "by tenant, page before", "entity", everything, Sort.TENANT, replace(named, backward=True)
    yield "by tenant, those of none", "of_no_tenant", everything, Sort.TENANT, replace(named, segment=1)
    yield "latest started", "started", everything, Sort.LATEST_STARTED, None
    yield "earliest started", "started", everything, Sort.EARLIEST_STARTED, None
    yield "latest started, deep page", "started", everything, Sort.LATEST_STARTED, at(0)
    yield "latest started, those that have not", "unstarted", everything, Sort.LATEST_STARTED, at(1)
    yield "latest started, page before", "started", everything, Sort.LATEST_STARTED, at(1, backward=True)
    yield "latest ended, deep page", "completed", everything, Sort.LATEST_COMPLETED, at(0)


def _words() -> Iterator[Listed]:
    for status in Status:
        one = ExecutionFilter(statuses=frozenset({status}))
        by_attention = "status" if status.is_final else "open_"
        yield f"{status}", "status", one, Sort.NEWEST, None
        yield f"{status}, attention", by_attention, one, Sort.ATTENTION, None
        yield f"{status}, by tenant", "", one, Sort.TENANT, None
    yield (
        "latest failures",
        "completed",
        ExecutionFilter(statuses=FAILED),
        Sort.LATEST_COMPLETED,
        None,
    )
    for index in Failure:
        those = ExecutionFilter(statuses=FAILED, failures=frozenset({index}))
        of_one_type = replace(those, workflow_types=frozenset({TYPES[0]}))
        yield f"failures, {index}", index, those, Sort.NEWEST, None
        yield f"failures, {index}, attention", index, those, Sort.ATTENTION, None
        yield f"failures, {index}, latest", f"{index}_completed", those, Sort.LATEST_COMPLETED, None
        yield f"failures, {index}, latest started", f"{index}_started", those, Sort.LATEST_STARTED, None
        yield f"failures, {index}, longest", f"{index}_duration", those, Sort.LONGEST, None
        yield f"failures, {index}, one type", f"{index}_type", of_one_type, Sort.NEWEST, None
        yield f"search failures, {index}", "entity", replace(those, search="acme"), Sort.NEWEST, None
        yield f"error failures, {index}", "error", replace(those, search="disk quota"), Sort.NEWEST, None
    standing = ExecutionFilter(statuses=BUSY, failures=frozenset({Failure.STANDING}))
    yield "open and failures that stand", "standing", standing, Sort.NEWEST, None
    superseded = ExecutionFilter(statuses=FAILED).narrowed(superseded=False)
    yield "failed and not superseded", "called_off", superseded, Sort.NEWEST, None
    yield "failed, latest started", "started", ExecutionFilter(statuses=FAILED), Sort.LATEST_STARTED, None
    busy = ExecutionFilter(statuses=BUSY)
    yield "three statuses", "status", busy, Sort.NEWEST, None
    yield "three statuses, attention", "open_", busy, Sort.ATTENTION, None
    for kind in TYPES:
        one = ExecutionFilter(workflow_types=frozenset({kind}))
        yield f"{kind}", "type", one, Sort.NEWEST, None
        yield f"{kind}, attention", "open_", one, Sort.ATTENTION, None
        failed = ExecutionFilter(workflow_types=frozenset({kind}), statuses=frozenset({Status.FAILED}))
        yield f"{kind}, failed", "status_type", failed, Sort.NEWEST, None
    two = ExecutionFilter(workflow_types=frozenset(TYPES[1:3]), statuses=BUSY)
    yield "two types, three statuses", "status_type", two, Sort.NEWEST, None
    for health in (Health.STUCK, Health.DRIFT):
        one = ExecutionFilter(healths=frozenset({health}))
        yield f"{health}", "health", one, Sort.NEWEST, None
        yield f"{health}, attention", "open_health", one, Sort.ATTENTION, None
    yield "ill, attention", "open_health", ExecutionFilter(healths=ILL), Sort.ATTENTION, None
    for cause in ("no_worker", "drifted"):
        one = ExecutionFilter(causes=frozenset({cause}))
        yield f"cause {cause}", "cause", one, Sort.NEWEST, None
        yield f"cause {cause}, attention", "open_cause", one, Sort.ATTENTION, None


def _narrow(place: Landmarks) -> Iterator[Listed]:
    for kind in TYPES[:2]:
        here = Cursor(segment=2, value=place.middle, id=UUID(int=0))
        one = ExecutionFilter(workflow_types=frozenset({kind}))
        yield f"{kind}, those without trouble", "open_type", one, Sort.ATTENTION, here
    tenant = ExecutionFilter(entity_id=place.tenant_id)
    yield "one tenant, latest started", "entity", tenant, Sort.LATEST_STARTED, None
    yield "one tenant", "entity", tenant, Sort.NEWEST, None
    yield "one tenant, attention", "entity", tenant, Sort.ATTENTION, None
    failed = ExecutionFilter(entity_id=place.tenant_id, statuses=frozenset({Status.FAILED}))
    yield "one tenant, failed", "entity", failed, Sort.NEWEST, None
    day = (place.middle, place.middle + timedelta(days=1))
    yield "one day", "created", ExecutionFilter(created_from=day[0], created_to=day[1]), Sort.NEWEST, None
    yield "one day, attention", "status", ExecutionFilter(created_from=day[0], created_to=day[1]), Sort.ATTENTION, None
    failures = ExecutionFilter(created_from=day[0], created_to=day[1], statuses=frozenset({Status.FAILED}))
    yield "one day, failed", "status", failures, Sort.NEWEST, None


def _searches(place: Landmarks) -> Iterator[Listed]:
    terms = {
        "search one tenant": (place.slug, "entity"),
        "search acme-north": ("acme-north", "entity"),
        "search acme": ("acme", "entity"),
        "search two letters": ("ac", "entity"),
        "search an owner": (f"owner@{place.slug}.", "entity"),
        "search all owners": ("Owner@", "entity"),
        "search a domain": (f"@{place.slug}.", "entity"),
        "search two words": ("north acme", "entity"),
        "search a frequent word and a rare one": ("acme zqxjkv", "error"),
        "search nothing": ("zqxjkv", "error"),
        "search an id": (f"tenant-provision-{place.slug}--", ""),
        "search a whole id": (str(place.tenant_id), ""),
        "search ids": ("tenant-provision-acme-north", ""),
        "search all ids": ("tenant-provision-", ""),
        "error, frequent": ("NXDOMAIN", "error_created"),
        "error, one in 30": ("tenants-eu-3", "error"),
        "error, one in 500": ("tenants_17", "error"),
        "error, one in 5000": ("disk quota", "error"),
        "error, rare": ("deadbeef", "error"),
    }
    for name, (term, index) in terms.items():
        yield name, index, ExecutionFilter(search=term), Sort.NEWEST, None
        yield f"{name}, attention", index, ExecutionFilter(search=term), Sort.ATTENTION, None
    yield "search acme, latest started", "entity", ExecutionFilter(search="acme"), Sort.LATEST_STARTED, None
    yield "search acme, longest", "entity", ExecutionFilter(search="acme"), Sort.LONGEST, None
    yield "error, frequent, longest", "error", ExecutionFilter(search="NXDOMAIN"), Sort.LONGEST, None
    failed = ExecutionFilter(search="acme", statuses=FAILED)
    yield "search acme, failed", "entity", failed, Sort.NEWEST, None


def _of_tenants(tenants: TenantQueries, place: Landmarks) -> Iterator[View]:
    def listing(name: str, index: str, search: str = "", *statuses: TenantStatus) -> View:
        return View(name=name, ask=lambda: tenants.list(statuses=frozenset(statuses), search=search), index=index)

    yield listing("tenants", "ix_tenants_created")
    yield listing("tenants, active", "ix_tenants_", "", TenantStatus.ACTIVE)
    yield listing(
        "tenants, failed or deleted", "ix_tenants_status_created", "", TenantStatus.FAILED, TenantStatus.DELETED
    )
    for sort, index in (
        (TenantSort.OLDEST, "ix_tenants_created"),
        (TenantSort.SLUG, "uq_tenants_slug"),
        (TenantSort.SLUG_BACKWARD, "uq_tenants_slug"),
    ):
        yield View(name=f"tenants, {sort}", ask=partial(tenants.list, sort=sort), index=index)
    yield listing("search tenants, acme", "ix_tenants_created", "acme")
    yield listing("search tenants, one", "ix_tenants_search", place.slug)
    yield listing("search tenants, accents", "ix_tenants_search", place.slug.replace("o", "ö").replace("e", "é"))
    yield listing("search tenants, an owner", "ix_users_email_prefix", f"owner@{place.slug}.")
    yield listing("search tenants, a domain", "ix_users_email_domain", f"@{place.slug}.")
    yield listing("search tenants, two words", "ix_tenants_", "north acme")
    yield listing("search tenants, a frequent word and a rare one", "ix_tenants_search", "acme zqxjkv")
    yield listing("search tenants, a frequent word and a short one", "ix_tenants_", "acme 77")
    yield listing("search tenants, all owners", "ix_users_email_prefix", "Owner@")
    yield listing("search tenants, all owners of active ones", "ix_users_email_prefix", "owner@", TenantStatus.ACTIVE)
    yield listing("search tenants, two letters", "ix_tenants_", "ac")
    yield View(name="tenant by slug", ask=lambda: tenants.by_slug(place.slug), index="ix_tenants_slug")


async def landmarks(database: Database) -> Landmarks:
    """Found by full scans; call it before measuring."""
    async with database.transaction() as connection:
        await connection.execute(text("SET LOCAL statement_timeout = '2min'"))
        middle = await connection.scalar(
            text("SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY created_at) FROM workflow_executions")
        )
        tenant = await connection.scalar(
            text("SELECT mode() WITHIN GROUP (ORDER BY entity_id) FROM workflow_executions")
        )
        slug = await connection.scalar(
            text("SELECT slug FROM tenants ORDER BY created_at OFFSET (SELECT count(*) / 3 FROM tenants) LIMIT 1")
        )
    return Landmarks(middle=middle, tenant_id=tenant, slug=slug)
