"""What the search over any page offers whom, without asking anybody."""

from console.pages import search
from console.pages.places import PLACES
from operations.access import Actor, Permission
from operations.statuses import Role


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
