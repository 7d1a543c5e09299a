import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from operations.access import NEEDS, Actor, Permission, permit
from operations.errors import NotPermitted
from operations.statuses import Role


def test_every_permission_names_the_role_it_needs() -> None:
    assert set(NEEDS) == set(Permission)


@pytest.mark.parametrize("permission", Permission)
@pytest.mark.parametrize("role", Role)
def test_a_role_may_do_what_needs_it_or_less(role: Role, permission: Permission) -> None:
    order = list(Role)
    actor = Actor(name="somebody", role=role)

    assert actor.may(permission) == (order.index(role) >= order.index(NEEDS[permission]))


def test_a_refusal_tells_the_role_that_it_takes() -> None:
    with pytest.raises(NotPermitted, match=r"Your role \(viewer\) does not allow .* it takes the role support"):
        permit(Actor(name="somebody", role=Role.VIEWER), Permission.REGISTER_TENANT)


def test_who_asks_for_what_their_role_does_not_permit_is_counted_and_logged() -> None:
    before = counted(Permission.TERMINATE)

    with capture_logs() as said, pytest.raises(NotPermitted):
        permit(Actor(name="vi@example.com", role=Role.VIEWER), Permission.TERMINATE)

    assert counted(Permission.TERMINATE) == before + 1
    assert [(line["event"], line["who"], line["what"]) for line in said] == [
        ("not permitted", "vi@example.com", "terminate execution")
    ]


def counted(permission: Permission) -> float:
    return REGISTRY.get_sample_value("tenantry_not_permitted_total", {"permission": permission}) or 0.0


def test_tenantry_itself_acts_under_a_name_that_no_account_has() -> None:
    assert Actor.system("deliverer").name == "system:deliverer"
    assert Actor.system("deliverer").staff_id is None
