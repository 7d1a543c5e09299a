"""All pages, a line for each; the drawer has them in this order."""

from console.pages import execution, executions, overview, reconciliation, register_tenant, tenant, tenants
from console.pages.place import Place

PLACES: tuple[Place, ...] = (
    overview.PLACE,
    executions.PLACE,
    execution.PLACE,
    tenants.PLACE,
    reconciliation.PLACE,
    register_tenant.PLACE,
    tenant.PLACE,
)
