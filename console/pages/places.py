"""All pages, a line for each; the drawer has them in this order."""

from collections.abc import Iterator

from fastapi import APIRouter

from console.pages import (
    approvals,
    bulk,
    bulks,
    doctor,
    execution,
    executions,
    group,
    help_page,
    overview,
    presenter,
    reconciliation,
    register_tenant,
    runbook,
    tenant,
    tenants,
    workforce,
)
from console.pages.place import Place
from operations.bootstrap import Reads
from operations.database import Database

PLACES: tuple[Place, ...] = (
    overview.PLACE,
    executions.PLACE,
    execution.PLACE,
    approvals.PLACE,
    bulks.PLACE,
    bulk.PLACE,
    group.PLACE,
    tenants.PLACE,
    reconciliation.PLACE,
    workforce.PLACE,
    register_tenant.PLACE,
    help_page.PLACE,
    tenant.PLACE,
    presenter.PLACE,
    runbook.PLACE,
    doctor.PLACE,
)


def shown(*, is_demo: bool) -> tuple[Place, ...]:
    """The pages of this installation."""
    return tuple(place for place in PLACES if is_demo or not place.of_demos)


def routers(reads: Reads, database: Database) -> Iterator[APIRouter]:
    """What REST answers of pages that are lists."""
    for place in PLACES:
        if place.listing is not None:
            yield place.listing.router(reads, database)
