"""What is said to Plotly."""

from datetime import UTC, datetime, timedelta

from console.components.plots import Trace, over_time, show

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def test_around_a_single_moment_there_are_minutes() -> None:
    assert shown_range(NOON.isoformat()) == ["2026-06-01T11:55:00+00:00", "2026-06-01T12:05:00+00:00"]


def test_several_moments_are_their_own_range() -> None:
    assert shown_range(NOON.isoformat(), (NOON + timedelta(hours=1)).isoformat()) is None
    assert shown_range() is None


def shown_range(*times: str) -> object:
    chart = over_time("Passes", left="Rows", right="Checked")
    show(chart, times, [Trace(label="Found", tone="retrying", values=[1] * len(times))], left="Rows", right="Checked")
    return chart.figure["layout"]["xaxis"].get("range")
