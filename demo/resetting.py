"""Begins a demo anew: a second database is filled beside the one that is shown, and takes its place at once."""

from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import Connection, sql
from pydantic import SecretStr

from demo import filling, scene
from migrations.__main__ import upgrade
from operations.contracts import DEMO_MARK
from operations.settings import Settings

MAINTENANCE = "postgres"
#: Whoever is logged in stays so. The order is that of their foreign keys.
KEPT = ("staff", "staff_sessions", "api_tokens")


def reset(settings: Settings) -> None:
    """Raises `ConfigurationError` for a database that was not made for a demo; then nothing was changed."""
    with psycopg.connect(settings.database_dsn, autocommit=True) as connection:
        scene.require_mark(connection)
        name = connection.info.dbname
    next_name = f"{name}_next"
    with psycopg.connect(_beside(settings, MAINTENANCE), autocommit=True) as server:
        _make(server, next_name)
    prepared = settings.model_copy(update={"database_url": SecretStr(_beside(settings, next_name))})
    upgrade(prepared.database_dsn)
    _copy_accounts(settings, prepared)
    filling.fill(prepared)
    with psycopg.connect(_beside(settings, MAINTENANCE), autocommit=True) as server:
        _replace(server, name, next_name)


def _beside(settings: Settings, name: str) -> str:
    return urlunsplit(urlsplit(settings.database_dsn)._replace(path=f"/{name}"))


def _make(server: Connection[tuple[object, ...]], name: str) -> None:
    identifier = sql.Identifier(name)
    server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(identifier))
    server.execute(sql.SQL("CREATE DATABASE {}").format(identifier))
    server.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(identifier, sql.Literal(DEMO_MARK)))


def _copy_accounts(old: Settings, new: Settings) -> None:
    with psycopg.connect(old.database_dsn) as source, psycopg.connect(new.database_dsn) as target:
        for table in KEPT:
            out, into = f"COPY {table} TO STDOUT".encode(), f"COPY {table} FROM STDIN".encode()
            with source.cursor().copy(out) as read, target.cursor().copy(into) as written:
                for data in read:
                    written.write(data)


def _replace(server: Connection[tuple[object, ...]], name: str, by: str) -> None:
    """For a moment there is none: whoever is connected is cut off, and finds the other one when it tries again."""
    server.execute(sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS false").format(sql.Identifier(name)))
    server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
    server.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(by), sql.Identifier(name)))
