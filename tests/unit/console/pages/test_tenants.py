"""What the headers of the list of customers ask for."""

from console.pages.tenants import PAGE, SORTS
from operations.queries.tenants import TenantSort


def test_every_header_that_can_be_clicked_has_its_orders_and_every_order_a_header() -> None:
    assert {column.name for column in PAGE.columns if column.sortable} == set(SORTS)
    assert {order for orders in SORTS.values() for order in orders} == set(TenantSort)
