"""The schema `demo` beside the product's own: when it was filled, the faults that go on, and the disk that is full."""

from psycopg import Connection

from operations.contracts import DEMO_MARK
from operations.errors import ConfigurationError
from operations.faults import IS_MARKED

STATEMENTS = (
    "CREATE SCHEMA demo",
    f"COMMENT ON SCHEMA demo IS '{DEMO_MARK}'",
    "CREATE TABLE demo.filled (at timestamptz NOT NULL DEFAULT now(), seed bigint NOT NULL)",
    """
    CREATE TABLE demo.faults (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        fault text NOT NULL,
        slug text,
        ordered_by text NOT NULL,
        ordered_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        begun_at timestamptz,
        ends_at timestamptz NOT NULL,
        ended_at timestamptz,
        outcome text
    )
    """,
    "CREATE INDEX ix_faults_ordered ON demo.faults (ordered_at DESC)",
    """
    CREATE FUNCTION demo.tell_pages() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO public.changes (kind, id) VALUES ('fault', NEW.id::text);
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER tell_pages AFTER INSERT OR UPDATE ON demo.faults FOR EACH ROW EXECUTE FUNCTION demo.tell_pages()
    """,
    # A full disk as PostgreSQL tells of one. It ends by the clock, whoever may have died meanwhile.
    """
    CREATE FUNCTION demo.fill_disk() RETURNS event_trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (
            SELECT FROM pg_event_trigger_ddl_commands() made
            JOIN demo.faults f ON f.fault = 'break_step' AND f.ended_at IS NULL AND f.ends_at > clock_timestamp()
            JOIN public.tenants t ON t.schema_name = made.object_identity AND t.slug = coalesce(f.slug, t.slug)
            WHERE made.object_type = 'schema'
        ) THEN
            RAISE EXCEPTION 'could not extend file "base/%/2619": No space left on device',
                (SELECT oid FROM pg_database WHERE datname = current_database())
                USING ERRCODE = 'disk_full', HINT = 'Check free disk space.';
        END IF;
    END $$
    """,
    """
    CREATE EVENT TRIGGER demo_fill_disk ON ddl_command_end WHEN TAG IN ('CREATE SCHEMA')
    EXECUTE FUNCTION demo.fill_disk()
    """,
)


def require_mark(connection: Connection[tuple[object, ...]]) -> None:
    """Raises `ConfigurationError` for a database that was not made for a demo."""
    row = connection.execute(IS_MARKED.encode()).fetchone()
    if row is None or row[0] is not True:
        raise ConfigurationError(
            "This database was not made for a demo: nothing was written to it. `tenantry up --demo` makes its own."
        )


def is_filled(connection: Connection[tuple[object, ...]]) -> bool:
    there = connection.execute("SELECT to_regclass('demo.filled')").fetchone()
    if there is None or there[0] is None:
        return False
    return connection.execute("SELECT FROM demo.filled").fetchone() is not None


def is_untouched(connection: Connection[tuple[object, ...]]) -> bool:
    """Whether nothing was registered, and no filling was begun."""
    row = connection.execute("SELECT NOT EXISTS (SELECT FROM tenants) AND to_regnamespace('demo') IS NULL").fetchone()
    return row == (True,)


def set_up(connection: Connection[tuple[object, ...]]) -> None:
    for statement in STATEMENTS:
        connection.execute(statement.encode())


def note_filled(connection: Connection[tuple[object, ...]], seed: int) -> None:
    connection.execute("INSERT INTO demo.filled (seed) VALUES (%s)", (seed,))
