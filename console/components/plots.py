"""Plotly charts that follow the theme without being drawn again: the stylesheet paints their text and grid."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from nicegui import ui

from console.components import theme

HEIGHT = 260  # px
ROOM = timedelta(minutes=5)  #: on both sides of a single moment
NOTHING_YET = "Nothing yet"


class Axis(StrEnum):
    """Where a row of numbers is read."""

    LEFT = "y"
    RIGHT = "y2"
    OWN = "y3"  #: nowhere: its course is drawn, its numbers are told on pointing at it


@dataclass(frozen=True, kw_only=True, slots=True)
class Trace:
    """One row of numbers over time; `tone` is a status or `accent`. Only those at the left are bars."""

    label: str
    tone: str
    values: Sequence[float]
    axis: Axis = Axis.LEFT


class Plot(ui.plotly, component="plot.js"):
    """Drawn by ourselves: NiceGUI's own component complains in the browser when its page is left while plotly comes."""


def over_time(label: str, *, left: str, right: str) -> Plot:
    """An empty chart; `label` is read to those who do not see it, `left` and `right` name the axes."""
    chart = Plot(_figure((), (), left, right))
    chart.classes("plot").props["aria-label"] = label
    chart.props["role"] = "img"
    chart.style(f"height: {HEIGHT}px")
    return chart


def show(chart: Plot, times: Sequence[str], traces: Sequence[Trace], *, left: str, right: str) -> None:
    """Bring the chart up to date; times are RFC 3339, and drawn in the viewer's zone."""
    chart.update_figure(_figure(times, traces, left, right))


def _figure(times: Sequence[str], traces: Sequence[Trace], left: str, right: str) -> dict[str, object]:
    clear = "transparent"
    return {
        "data": [_drawn(times, trace) for trace in traces],
        "layout": {
            "height": HEIGHT,
            "margin": {"l": 44, "r": 44, "t": 28, "b": 44},
            "paper_bgcolor": clear,
            "plot_bgcolor": clear,
            "barmode": "group",
            "hovermode": "x unified",
            "legend": {
                "orientation": "h",
                "x": 1,
                "xanchor": "right",
                "y": 1.02,
                "yanchor": "bottom",
                "bgcolor": clear,
            },
            # Without anything to show, Plotly makes up a scale: the year 2000.
            "annotations": []
            if times
            else [{"text": NOTHING_YET, "showarrow": False, "xref": "paper", "yref": "paper"}],
            "xaxis": {"type": "date", "showgrid": False, "visible": bool(times), "tickangle": 0} | _around(times),
            "yaxis": {
                "visible": bool(times),
                "title": {"text": left, "standoff": 4},
                "range": [0, _top(traces, Axis.LEFT)],
                "automargin": True,
            },
            "yaxis2": {
                "visible": bool(times),
                "title": {"text": right, "standoff": 4},
                "range": [0, _top(traces, Axis.RIGHT)],
                "overlaying": "y",
                "side": "right",
                "showgrid": False,
                "automargin": True,
            },
            "yaxis3": {"overlaying": "y", "visible": False, "rangemode": "tozero"},
        },
        "config": {"displayModeBar": False, "responsive": True},
    }


def _around(times: Sequence[str]) -> dict[str, object]:
    """About a moment alone, Plotly would show milliseconds."""
    if len(set(times)) != 1:
        return {}
    at = datetime.fromisoformat(times[0])
    return {"range": [(at - ROOM).isoformat(), (at + ROOM).isoformat()]}


def _top(traces: Sequence[Trace], axis: Axis) -> float:
    """The end of an axis: with less than four, its marks would be fractions of rows."""
    return max([4.0, *(1.05 * value for trace in traces if trace.axis is axis for value in trace.values)])


def _drawn(times: Sequence[str], trace: Trace) -> dict[str, object]:
    color = theme.chart_color(trace.tone)
    drawn: dict[str, object] = {"name": trace.label, "x": list(times), "y": list(trace.values)}
    if trace.axis is Axis.LEFT:
        return drawn | {"type": "bar", "marker": {"color": color}}
    line = {"color": color, "width": 2, "dash": "dot" if trace.axis is Axis.OWN else "solid"}
    return drawn | {"type": "scatter", "mode": "lines", "line": line, "yaxis": trace.axis.value}
