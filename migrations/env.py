"""Alembic's environment; the connection comes from `migrations.__main__` or a test, through the attributes."""

from alembic import context
from sqlalchemy.dialects.postgresql.base import ischema_names

from operations.models import Record
from operations.models.executions import Xid8

ischema_names["xid8"] = Xid8  # SQLAlchemy meets this type in the tables and has no name for it


def _is_modelled(name: str | None, kind: str, _parents: object) -> bool:
    """Leave the partitions of the history out of the comparison with the models."""
    return not (kind == "table" and name is not None and name.startswith("execution_events_"))


def migrate() -> None:
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=Record.metadata,
        transaction_per_migration=True,
        include_name=_is_modelled,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


migrate()
