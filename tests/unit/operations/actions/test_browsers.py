from operations.actions.browsers import Browsers

OURS = Browsers(secret_key="one key")
ADA = "ada@example.com"


def test_a_mark_is_recognised_for_the_account_that_it_was_made_for() -> None:
    mark = OURS.mark(ADA)

    assert OURS.recognised(mark, ADA)
    assert OURS.recognised(mark, "bob@example.com") is None


def test_every_browser_has_a_name_of_its_own() -> None:
    assert len({OURS.recognised(OURS.mark(ADA), ADA) for _ in range(3)}) == 3


def test_what_others_made_is_not_recognised() -> None:
    name, _, seal = OURS.mark(ADA).partition(".")

    for mark in (None, "", ".", name, f"{name}.", f".{seal}", f"{name}x.{seal}", f"{name}.é", "x" * 100_000):
        assert OURS.recognised(mark, ADA) is None
    assert OURS.recognised(Browsers(secret_key="another key").mark(ADA), ADA) is None
