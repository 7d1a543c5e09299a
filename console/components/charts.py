"""Charts that follow the theme without being drawn again: the stylesheet paints their text."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from nicegui import ui

from console.components import theme

# A moment as the viewer's clock has it; ECharts hands it over as it is, or as the place that is pointed at.
CLOCK = """
    at => new Intl.DateTimeFormat('en-GB', {hour: '2-digit', minute: '2-digit'}).format(new Date(at.value ?? at))
"""
FONT = {"fontFamily": "Inter Variable"}  # what the stylesheet writes in, so that as much room is kept for it
LINE_ALPHA = "3d"  # hex; grid lines are the grey of pending runs, mostly see-through


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """One colour of a chart; `tone` is a status or `accent`."""

    label: str
    tone: str
    values: Sequence[float]


def stacked_bars(hours: Sequence[datetime], series: Sequence[Series]) -> ui.echart:
    """Bars over hours, which are told in the viewer's zone. `show_bars` changes it later."""
    line = {"lineStyle": {"color": theme.chart_color("pending") + LINE_ALPHA}}
    options = {
        "animation": False,
        "aria": {"enabled": True},
        "grid": {"left": 8, "right": 8, "top": 30, "bottom": 4, "containLabel": True},
        "legend": {"right": 0, "top": 0, "icon": "circle", "itemWidth": 8, "itemHeight": 8, "textStyle": FONT},
        "tooltip": {
            "trigger": "axis",
            "axisPointer": {"type": "shadow", "label": {":formatter": CLOCK}},
            "className": "chart-tooltip",
        },
        "xAxis": {
            "type": "category",
            "data": [hour.isoformat() for hour in hours],
            "axisTick": {"show": False},
            "axisLine": line,
            "axisLabel": {"hideOverlap": True, ":formatter": CLOCK},
        },
        "yAxis": {"type": "value", "splitLine": line, "minInterval": 1, "splitNumber": 2},
        "series": [
            {
                "type": "bar",
                "stack": "all",
                "name": each.label,
                "data": list(each.values),
                "itemStyle": {"color": theme.chart_color(each.tone)},
                "barMaxWidth": 22,
            }
            for each in series
        ],
    }
    return ui.echart(options, renderer="svg").classes("chart")


def show_bars(chart: ui.echart, hours: Sequence[datetime], series: Sequence[Series]) -> None:
    """Bring a chart of `stacked_bars` up to date; only the numbers travel."""
    options = {
        "xAxis": {"data": [hour.isoformat() for hour in hours]},
        "series": [{"data": list(each.values)} for each in series],
    }
    chart.run_chart_method("setOption", options)
