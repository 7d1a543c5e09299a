"""What the search over any page offers whom, without asking anybody."""

from dataclasses import replace

from console.pages import search
from console.pages.places import PLACES
from operations.access import Actor, Permission
from operations.statuses import Cause, CloseReason, Role, Status
from tests.unit.console.pages.test_words import ID, RETRYING, RUNNING


def test_nobody_is_offered_what_they_may_not_do() -> None:
    for role in Role:
        actor = Actor(name="someone", role=role)
        nav = [item for place in PLACES if (item := place.item(actor)) is not None]

        offered = search.entries(actor, nav)

        labels = {entry.label for entry in offered}
        assert {entry.label for permission, entry in search.DEEDS if not actor.may(permission)} & labels == set()
        assert {item.label for item in nav} <= labels
        assert ("Register tenant" in labels) is actor.may(Permission.REGISTER_TENANT)


def test_every_entry_leads_somewhere_or_presses_something() -> None:
    for _, entry in search.DEEDS:
        assert (entry.href is None) is not (entry.presses is None)


def test_what_leads_to_a_page_leads_to_one_that_is_there() -> None:
    paths = {place.path for place in PLACES}

    assert {entry.href for _, entry in search.DEEDS if entry.href is not None} <= paths


def test_a_found_run_offers_what_helps_to_those_who_may() -> None:
    operator, viewer = (Actor(name="someone", role=role) for role in (Role.OPERATOR, Role.VIEWER))
    waiting = replace(RUNNING, cause=Cause.AWAITING_APPROVAL)
    failed = replace(RUNNING, status=Status.FAILED, close_reason=CloseReason.ERROR)

    offered = {run: [entry.label for entry in search.deeds_of(run, operator)] for run in (RETRYING, waiting, failed)}

    assert offered == {
        RETRYING: ["Try now: Acme Inc."],
        waiting: ["Approve: Acme Inc.", "Reject: Acme Inc."],
        failed: ["Retry: Acme Inc."],
    }
    assert [entry.href for entry in search.deeds_of(failed, operator)] == [f"/executions/{ID}?do=retry"]
    assert [*search.deeds_of(RETRYING, viewer), *search.deeds_of(RUNNING, operator)] == []
    assert list(search.deeds_of(replace(failed, superseded_by=ID), operator)) == []
