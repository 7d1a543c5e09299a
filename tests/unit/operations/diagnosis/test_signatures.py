"""Errors of one cause have one signature, those of two have two."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operations.diagnosis.signatures import LONGEST, signature


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            'InsufficientPrivilege: permission denied for schema "tenant_0194f1"\nCONTEXT: SQL',
            'permission denied for schema "tenant_77aa01"',
        ),
        ("disk full: 27 of 27 MB", "Disk full: 3 of 4 MB"),
        ("tenant_0194f1a2b3c4d5e6 has no mark", "tenant_ffee00112233aabb has no mark"),
        ("connection to 10.0.0.7:5432 failed", "connection to 10.0.0.13:5433 failed"),
        ("connection to server at “db-1.example.com” failed", "connection to server at “db-2.example.com” failed"),
        (
            "the run 7f1c2f7e-6a6e-4a52-9d22-1e4a1a0f2c11 is gone",
            "the run 00000000-6a6e-4a52-9d22-1e4a1a0f2c11 is gone",
        ),
        ("mail to a@example.com bounced", "mail to b.c@example.org bounced"),
        ("deadline 2026-11-28T10:00:00Z passed", "deadline 2025-01-02 passed"),
        ("no such file: /var/lib/a/b.txt", "no such file: /srv/x.txt"),
        ("key (slug)=('acme') exists", "key (slug)=('umbrella') exists"),
        ("workflow tenant-provision-acme is unknown", "workflow tenant-provision-umbrella--2 is unknown"),
        ("object 0x7f3a at fault", "object 0x11bb at fault"),
        ("HTTP 503 from https://api.example.com/v1/x?y=1", "HTTP 503 from https://api.example.com/v2/z"),
        ("values 1, 2, 3 refused", "values 4, 5 refused"),
    ],
)
def test_what_differs_from_run_to_run_is_not_in_it(one: str, other: str) -> None:
    assert signature(one) == signature(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("permission denied for schema public", "permission denied for database tenantry"),
        ("disk full", "disk quota exceeded"),
        ("could not connect to server", "could not connect to client"),
        ("The worker fell silent during the step.", "No worker took the step in time."),
    ],
)
def test_two_causes_have_two(one: str, other: str) -> None:
    assert signature(one) != signature(other)


def test_names_of_the_tenant_are_not_in_it() -> None:
    acme = signature("Acme Inc cannot be billed, says acme", "Acme Inc", "acme")

    assert acme == signature("Umbrella cannot be billed, says umb", "Umbrella", "umb")


def test_a_name_within_a_word_stays() -> None:
    assert signature("the database is full", "data", "base") == "The database is full"


def test_it_can_be_read() -> None:
    assert signature('permission denied for schema "tenant_0194"') == "Permission denied for schema …"


@pytest.mark.parametrize("error", [None, "", "  \n "])
def test_without_an_error_there_is_none(error: str | None) -> None:
    assert signature(error) is None


@settings(deadline=None)
@given(st.text(max_size=3000), st.text(max_size=30), st.text(max_size=30))
def test_any_text_gives_a_short_one_that_can_be_stored(error: str, name: str, slug: str) -> None:
    found = signature(error, name, slug)

    assert found is None or 0 < len(found) <= LONGEST
