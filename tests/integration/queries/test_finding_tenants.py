"""Tenants, and their executions, are found by the owner's e-mail, and whatever the accents of their names."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from psycopg import AsyncConnection
from sqlalchemy import text

from operations.database import Database
from operations.queries.execution_views import ExecutionFilter, Sort
from operations.queries.executions import ExecutionQueries
from operations.queries.search import terms
from operations.queries.tenants import TenantQueries
from operations.statuses import Status, TenantStatus
from tests.factories import add_execution, add_owner, add_tenant

NFC, NFD = "Müller & Söhne", "Mu\u0308ller & So\u0308hne"


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[AsyncConnection]:
    async with await AsyncConnection.connect(database.dsn, autocommit=True) as connected:
        yield connected


async def owned(connection: AsyncConnection, slug: str, email: str, name: str | None = None) -> UUID:
    """A tenant of that owner, with an execution of its own."""
    id_ = await add_tenant(connection, slug=slug, name=name, status=TenantStatus.FAILED)
    await add_owner(connection, id_, email=email)
    await add_execution(connection, status=Status.FAILED, entity_id=id_)
    return id_


async def found(database: Database, term: str) -> list[str]:
    """Slugs of the tenants; those of the executions are the same in every order."""
    slugs = [tenant.slug for tenant in (await TenantQueries(database=database).list(search=term)).items]
    for sort in Sort:
        page = await ExecutionQueries(database=database).list(ExecutionFilter(search=term), sort=sort)
        assert sorted(row.entity_slug or "" for row in page.items) == sorted(slugs)
        assert page.total == len(slugs)
    return sorted(slugs)


@pytest.mark.parametrize(
    "term", ["ada@acme.example", "Ada@ACME.example", "ada@", "ada", " ada@acme ", "@acme.e", "Acme.Ex"]
)
async def test_an_owner_is_found_by_the_beginning_of_an_email_or_its_domain(
    term: str, database: Database, connection: AsyncConnection
) -> None:
    await owned(connection, "acme", "Ada@Acme.example")
    await owned(connection, "globex", "bob@globex.example")

    assert await found(database, term) == ["acme"]


@pytest.mark.parametrize("term", ["ad", "da@acme", "a%@", "ad_@acme", "cme.example", "@ac", "@acm_"])
async def test_an_email_is_not_found_by_its_middle_nor_by_two_letters(
    term: str, database: Database, connection: AsyncConnection
) -> None:
    await owned(connection, "initech", "ada@acme.example")

    assert await found(database, term) == []


async def test_names_and_emails_that_a_term_begins_are_found_together_once(
    database: Database, connection: AsyncConnection
) -> None:
    await owned(connection, "acme", "acme@acme.example")
    await owned(connection, "globex", "acme@globex.example")
    await owned(connection, "acme-two", "bob@two.example")

    assert await found(database, "acme") == ["acme", "acme-two", "globex"]


async def test_more_owners_than_are_looked_at_are_said_to_be_more(
    database: Database, connection: AsyncConnection
) -> None:
    for number in range(terms.MOST_OWNERS + 3):
        await owned(connection, f"tenant-{number}", f"info@tenant-{number}.example")

    tenants = await TenantQueries(database=database).list(search="info@", limit=200)
    executions = await ExecutionQueries(database=database).list(ExecutionFilter(search="info@"), limit=200)

    for page in (tenants, executions):
        assert (len(page.items), page.total, page.total_capped) == (terms.MOST_OWNERS, terms.MOST_OWNERS, True)


async def test_tenants_of_an_owner_are_narrowed_by_status_and_paged(
    database: Database, connection: AsyncConnection
) -> None:
    for number in range(5):
        await owned(connection, f"info-{number}", f"info@tenant-{number}.example")
    await add_tenant(connection, slug="info-active", status=TenantStatus.ACTIVE)
    tenants, failed = TenantQueries(database=database), frozenset({TenantStatus.FAILED})

    first = await tenants.list(search="info", statuses=failed, limit=3)
    rest = await tenants.list(search="info", statuses=failed, limit=3, cursor=first.next)

    assert [tenant.slug for tenant in (*first.items, *rest.items)] == [f"info-{number}" for number in (4, 3, 2, 1, 0)]
    assert (first.total, rest.next) == (5, None)


@pytest.mark.parametrize("term", ["angstrom 4", "4 ångström", "angstrom ab", "ab angs", "firm- 4"])
async def test_words_are_looked_for_one_by_one(term: str, database: Database, connection: AsyncConnection) -> None:
    await owned(connection, "firm-4", "ada@four.example", "Ångström AB 4")
    await owned(connection, "firm-5", "bob@five.example", "Ångström 5")
    await owned(connection, "globex-4", "eve@globex.example", "Globex AB 4")

    assert await found(database, term) == ["firm-4"]


@pytest.mark.parametrize("name", [NFC, NFD])
@pytest.mark.parametrize("term", ["sohne", "SÖHNE", "söhne", "so\u0308hne", "Muller & Sohne", "müller"])
async def test_accents_make_no_difference(
    term: str, name: str, database: Database, connection: AsyncConnection
) -> None:
    await owned(connection, "ms", "ada@acme.example", name)
    await owned(connection, "other", "bob@acme.example", "Sahne")

    assert await found(database, term) == ["ms"]


@pytest.mark.parametrize(
    ("name", "term"),
    [
        ("Straße 7", "strasse"),
        ("Strasse 7", "Straße"),
        ("STRAẞE", "strasse"),
        ("Smørrebrød", "smorrebrod"),
        ("Łódź", "lodz"),
        ("Ærø Œuvre", "aero oeuvre"),
        ("İstanbul ılık", "istanbul ilik"),
        ("ＡＣＭＥ", "acme"),
        ("100％ Bio", "100% bio"),
        ("Þór", "thor"),
    ],
)
async def test_letters_are_found_by_what_people_type_for_them(
    name: str, term: str, database: Database, connection: AsyncConnection
) -> None:
    await owned(connection, "it", "ada@globex.example", name)

    assert await found(database, term) == ["it"]


async def test_a_sign_that_folds_into_one_of_patterns_is_just_a_sign(
    database: Database, connection: AsyncConnection
) -> None:
    await owned(connection, "it", "ada@globex.example", "100 Bio")

    assert await found(database, "100％ bio") == await found(database, "bi＿") == []


async def test_the_database_folds_as_the_program_does(database: Database) -> None:
    blocks = ((0xA0, 0x24F), (0x370, 0x52F), (0x1E00, 0x1FFF), (0x2000, 0x206F), (0x3040, 0x30FF), (0xFF00, 0xFFEF))
    signs = [chr(point) for first, last in blocks for point in range(first, last + 1)]

    async with database.reading() as connection:
        asked = text("SELECT sign, folded(sign) FROM unnest(CAST(:signs AS text[])) AS sign")
        rows = await connection.execute(asked, {"signs": signs})
        folded = {row[0]: row[1] for row in rows}

    assert {sign: terms.folded(sign) for sign in signs} == folded
