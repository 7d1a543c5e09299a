from embedded.keeper import Backoff, Pace


def test_pauses_double_up_to_the_longest() -> None:
    backoff = Backoff(pace=Pace())

    pauses = [backoff.after(1) for _ in range(8)]

    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30]


def test_a_long_run_forgives_the_past() -> None:
    backoff = Backoff(pace=Pace())
    for _ in range(5):
        backoff.after(1)

    assert backoff.after(60) == 0.5
    assert backoff.after(59) == 1


def test_a_thousand_failures_are_no_overflow() -> None:
    backoff = Backoff(pace=Pace())

    assert [backoff.after(0) for _ in range(2000)][-1] == 30
