from operations.statuses import FOLLOWERS, Role, Status, predecessors


def test_nothing_follows_a_final_status() -> None:
    assert all(not FOLLOWERS[status] for status in Status if status.is_final)


def test_every_status_says_what_may_follow_it() -> None:
    assert set(FOLLOWERS) == set(Status)


def test_no_status_follows_itself_and_nothing_returns_to_pending() -> None:
    assert all(status not in followers for status, followers in FOLLOWERS.items())
    assert predecessors(Status.PENDING) == frozenset()


def test_every_open_execution_can_end() -> None:
    for status in (Status.COMPLETED, Status.FAILED):
        assert predecessors(status) == {Status.PENDING, Status.RUNNING}


def test_a_role_includes_itself_and_the_ones_before_it() -> None:
    roles = [Role.VIEWER, Role.SUPPORT, Role.OPERATOR, Role.ADMIN]

    assert [[role.includes(other) for other in roles] for role in roles] == [
        [True, False, False, False],
        [True, True, False, False],
        [True, True, True, False],
        [True, True, True, True],
    ]
