"""Bring the control plane's schema to this version: `python -m migrations`, or `tenantry migrate`."""

import asyncio
import sys
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from operations import logs, outages, poolers
from operations.connections import connect_blocking
from operations.errors import ConfigurationError
from operations.settings import Requirement, Settings

LOCK = text("SELECT pg_advisory_lock(hashtextextended('tenantry:migrate', 0))")


def configuration(connection: Connection) -> Config:
    """Alembic's configuration for a connection that the caller owns."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config


def upgrade(database_url: str, revision: str = "head") -> None:
    """Upgrade to `revision`; concurrent callers wait for each other. Needs a session that lasts."""
    engine = create_engine("postgresql+psycopg://", creator=lambda: connect_blocking(database_url), poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(LOCK)
        connection.execute(text("SET lock_timeout = '10s'"))
        connection.commit()
        command.upgrade(configuration(connection), revision)


def main() -> int:
    try:
        settings = Settings.load(Requirement.DATABASE_URL)
    except ConfigurationError as error:
        print(error.message, file=sys.stderr)  # noqa: T201 - a command's answer
        return 1
    logs.configure(settings.log_format)
    try:
        asyncio.run(poolers.check(settings.database_dsn))
        upgrade(settings.database_dsn)
    except ConfigurationError as error:
        print(error.message, file=sys.stderr)  # noqa: T201
        return 1
    except (OperationalError, psycopg.Error, OSError) as error:
        print(f"The database could not be migrated: {_why(error)}. Run it again.", file=sys.stderr)  # noqa: T201
        return 1
    logs.logger("migrations").info("schema is up to date")
    return 0


def _why(error: Exception) -> str:
    """In one line; libpq writes several, and more for each of several hosts."""
    cause = error.orig if isinstance(error, OperationalError) else error
    return outages.reason(cause) or str(cause).split("\n", 1)[0].rstrip(".")


if __name__ == "__main__":
    raise SystemExit(main())
