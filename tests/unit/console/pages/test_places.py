"""The pages, as the registry has them: whatever goes by it forgets none."""

import pkgutil
from importlib import import_module

from starlette.routing import compile_path

from console import pages
from console.pages.places import PLACES
from operations.access import Actor, Permission
from operations.statuses import Role

ADDRESSES = {"/executions/0-1": "/executions/{id}", "/tenants/acme": "/tenants/{slug}", "/tenants/new": "/tenants/new"}


def test_every_page_has_its_line() -> None:
    modules = [import_module(f"console.pages.{module.name}") for module in pkgutil.iter_modules(pages.__path__)]

    made = {module.__name__: module.PLACE for module in modules if hasattr(module, "PLACE")}

    assert [name for name, place in made.items() if place not in PLACES] == []
    assert len(made) == len(PLACES) >= 7


def test_no_two_pages_share_an_address_a_title_or_a_key() -> None:
    keys = [place.nav.key for place in PLACES if place.nav is not None]

    assert len({place.path for place in PLACES}) == len({place.title for place in PLACES}) == len(PLACES)
    assert len(set(keys)) == len(keys) >= 5


def test_an_address_leads_to_the_first_page_that_it_fits() -> None:
    found = {
        address: next(place.path for place in PLACES if compile_path(place.path)[0].match(address))
        for address in ADDRESSES
    }

    assert found == ADDRESSES


def test_the_drawer_leaves_out_what_a_role_may_not_see() -> None:
    for role in Role:
        actor = Actor(name="someone", role=role)

        shown = [place for place in PLACES if place.item(actor) is not None]

        assert shown == [place for place in PLACES if place.nav is not None and actor.may(place.permission)]
        assert (Permission.REGISTER_TENANT in {place.permission for place in shown}) is role.includes(Role.SUPPORT)
