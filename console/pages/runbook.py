"""The runbook, a page for each cause: what it means, who acts, what helps, and what must not be done."""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from nicegui import ui
from nicegui.page_arguments import PageArguments

from console.components.cards import Section
from console.components.page_headers import PageHeader
from console.components.text import attribute, tag
from console.pages.place import Place
from console.pages.scope import Scope
from operations.diagnosis.advice import ADVICE
from operations.statuses import Cause

CHAPTER = re.compile(r"^## `(\w+)`[^\n]*\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
PART = re.compile(r"^\*\*([^*]+)\.\*\*(.*?)(?=^\*\*[^*]+\.\*\*|\Z)", re.MULTILINE | re.DOTALL)
MARKED = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*")


async def build(_: Scope, arguments: PageArguments) -> None:
    """Draw the chapter of a cause; of a word that is none, the first one's."""
    wanted = arguments.path_parameters["cause"]
    cause = Cause(wanted) if wanted in list(Cause) else next(iter(Cause))
    PageHeader(ADVICE[cause].title, subtitle="What helps, and what must not be done")
    with Section("Runbook"):
        for title, text in chapters()[cause]:
            tag("h3", title)
            _paragraph(text)
    with Section("Other causes"), ui.element("ul"):
        for other in Cause:
            if other is not cause:
                with tag("li"):
                    attribute(tag("a", ADVICE[other].title), "href", address(other))


PLACE = Place(path="/runbook/{cause}", title="Runbook", build=build)


def address(cause: Cause) -> str:
    return f"/runbook/{cause.value}"


@cache
def chapters() -> Mapping[Cause, tuple[tuple[str, str], ...]]:
    """Of each cause its parts: the title of each, and its text. It is docs/runbook.md, which the package brings."""
    said = files("console").joinpath("runbook.md").read_text(encoding="utf-8")
    return {
        Cause(cause): tuple((title, " ".join(text.split())) for title, text in PART.findall(chapter))
        for cause, chapter in CHAPTER.findall(said)
    }


def _paragraph(text: str) -> None:
    end = 0
    with tag("p", classes="notice-text"):
        for marked in MARKED.finditer(text):
            tag("span", text[end : marked.start()])
            tag("code", marked[1]) if marked[1] else tag("b", marked[2])
            end = marked.end()
        tag("span", text[end:])
