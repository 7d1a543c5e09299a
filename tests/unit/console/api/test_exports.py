from datetime import UTC, datetime, timedelta, timezone

import pytest

from console.api.exports import SHEET, cell


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "=cmd|' /C calc'!A0"])
def test_a_formula_becomes_text(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "acme", "a=1", "1-1", "ada@acme.example"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert cell(text) == text


def test_times_are_in_utc() -> None:
    moment = datetime(2026, 1, 31, 14, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2)))

    assert cell(moment) == "2026-01-31T12:00:00.123Z"
    assert cell(datetime(2026, 1, 31, tzinfo=UTC)) == "2026-01-31T00:00:00.000Z"


def test_an_empty_list_is_a_header() -> None:
    assert SHEET.text([]).splitlines()[0].startswith("entity_slug,entity_name,workflow_type,status")
    assert len(SHEET.text([]).splitlines()) == 1


@pytest.mark.parametrize("text", ["＝1+1", " =1+1", "a;=1+1", 'a,"@SUM(A1)', "＠x", "|-1"])
def test_a_formula_is_text_also_in_full_width_and_behind_a_separator(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["a=b", "tenant-provision-acme", "ada@example.com", "1-2", "x + y"])
def test_what_is_no_formula_stays_as_it_is(text: str) -> None:
    assert cell(text) == text
