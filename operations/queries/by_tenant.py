"""The order by tenant: no index of executions has it, so they are read along the tenants' own index of slugs."""

from sqlalchemy import ARRAY, ColumnElement, Uuid, cast, func, literal_column, select, true

from operations.models import Execution, Tenant
from operations.queries.paging import Conditions, Keys, Source, Span

_TENANT: ColumnElement[str] = literal_column("'tenant'")  #: as the index of those of no tenant says it
NO_TENANT = Execution.entity_type != _TENANT


def along_tenants(conditions: Conditions) -> Source:
    """The executions of one tenant after the other, as far as they are wanted: those of each by their id.

    Never as a join of both tables, for which PostgreSQL would read all of them. Of what only few tenants have, it
    would read nearly all as well: that is for `of_these`.
    """

    def source(span: Span) -> Keys:
        its = (Execution.entity_type == _TENANT, Execution.entity_id == Tenant.id)
        each = select(Execution.id).where(*its, *conditions).order_by(Execution.id).correlate(Tenant)
        of_tenant = each.lateral("of_tenant")
        keys = select(of_tenant.c.id, Tenant.slug).select_from(Tenant).join(of_tenant, true())
        return span.first_along(keys, Tenant.slug, of_tenant.c.id)

    return source


def of_these(keys: Keys) -> Source:
    """The same order of executions that are so few that they can be sorted."""
    its = (Execution.entity_type == _TENANT, Execution.entity_id == Tenant.id, are_among(keys))
    return lambda span: span.where(*its)


def are_among(keys: Keys) -> ColumnElement[bool]:
    """As an array: the planner takes them for few then, and looks them up."""
    ids = select(func.array_agg(keys.subquery().c[0])).scalar_subquery()
    return Execution.id == func.any(cast(ids, ARRAY(Uuid)))
