"""Who is told what became of a bulk operation, and when."""

from dataclasses import replace
from uuid import UUID

from console.pages.bulk_news import Told
from operations.statuses import BulkResult
from tests.unit.console.pages.test_bulk_words import BULK

WATCHED = replace(BULK, results={BulkResult.MOVED_ON: 37, BulkResult.WATCHED: 3})
OTHERS = replace(BULK, id=UUID(int=7), requested_by="otto@example.com")


def test_whoever_began_it_is_told_once_when_all_of_it_is_known() -> None:
    told = Told("susan@example.com")
    told.know(())

    assert told.new((WATCHED,)) == ()
    assert told.new((BULK, OTHERS)) == (BULK,)
    assert told.new((BULK, OTHERS)) == ()


def test_what_was_known_before_is_not_told() -> None:
    told = Told("susan@example.com")

    assert told.new((BULK,)) == ()
    told.know((BULK,))
    assert told.new((BULK,)) == ()
