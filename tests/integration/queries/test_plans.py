"""Every view of a list is served by its index; none reads the executions from end to end."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from operations.database import Database
from operations.queries.attention import AttentionCounts
from workbench.plans import explain, recorded
from workbench.views import Landmarks, View, all_views

NOWHERE = Landmarks(middle=datetime(2026, 1, 1, tzinfo=UTC), tenant_id=UUID(int=1), slug="acme")
NAMES = [view.name for view in all_views(Database.at("", name="nobody"), NOWHERE)]
MOST_BUFFERS = 3_500  #: of 8 kB, for a page with its total; the whole table has half as many again


def the_view(name: str, database: Database, place: Landmarks) -> View:
    return next(view for view in all_views(database, place) if view.name == name)


@pytest.mark.parametrize("name", NAMES)
async def test_a_view_is_served_by_its_index(name: str, filled: Database, place: Landmarks) -> None:
    view = the_view(name, filled, place)

    with recorded(filled) as sent:
        await view.ask()
    plans = await explain(filled, sent)

    assert all("workflow_executions" not in plan.sequential for plan in plans)
    assert any(index.startswith(view.index) for plan in plans for index in plan.indexes)
    assert sum(plan.buffers for plan in plans) <= MOST_BUFFERS


def test_every_view_has_a_name_of_its_own() -> None:
    assert len(NAMES) == len(set(NAMES)) > 80


async def test_what_waits_is_counted_by_indexes(filled: Database) -> None:
    with recorded(filled) as sent:
        await AttentionCounts(database=filled).now()
    plans = await explain(filled, sent)

    assert all("workflow_executions" not in plan.sequential for plan in plans)
