"""Help: what the words and badges mean, which keys there are, and where more is written."""

from collections.abc import Callable, Mapping

from nicegui import ui
from nicegui.page_arguments import PageArguments

from console.components import badges, shortcuts
from console.components.cards import Section
from console.components.page_headers import PageHeader
from console.components.text import attribute, tag
from console.pages import help_words, runbook
from console.pages.place import Nav, Place
from console.pages.scope import Scope
from operations.diagnosis.advice import ADVICE
from operations.phrases import spelled
from operations.statuses import Cause

SUBTITLE = "What words, badges and keys mean. Everything else is said where it matters: in the cause of an execution."


async def build(scope: Scope, _: PageArguments) -> None:
    """Draw the page; nothing on it changes."""
    PageHeader(PLACE.title, subtitle=SUBTITLE)
    with ui.element("div").classes("help"):
        _badges("Executions", help_words.EXECUTIONS, badges.status_badge)
        _signs("The second badge: how an open execution is doing", help_words.SIGNS)
        _badges("Steps", {spelled(word): text for word, text in help_words.STEPS.items()}, badges.status_badge)
        _badges("Tenants", {word.value: text for word, text in help_words.TENANTS.items()}, badges.status_badge)
        _badges("Findings", {word.value: text for word, text in help_words.FINDINGS.items()}, badges.status_badge)
        with Section("Keys", subtitle="On each page, ? lists those that do something there"):
            shortcuts.key_list(scope.frame.shortcuts)
        _terms("Words", help_words.GLOSSARY)
        roles = {word.value.capitalize(): text for word, text in help_words.ROLES.items()}
        _terms("Who may do what", roles)
        _causes()
        _more()


PLACE = Place(path="/help", title="Help", build=build, nav=Nav(icon="help", key="h"))


def _badges(title: str, words: Mapping[str, str], draw: Callable[[str], object]) -> None:
    with Section(title), ui.element("dl").classes("terms"):
        for word, text in words.items():
            with ui.element("div"):
                with ui.element("dt"):
                    draw(word)
                tag("dd", text)


def _signs(title: str, signs: Mapping[badges.Sign, str]) -> None:
    with Section(title), ui.element("dl").classes("terms"):
        for sign, text in signs.items():
            with ui.element("div"):
                with ui.element("dt"):
                    badges.SignBadge(sign)
                tag("dd", text)


def _terms(title: str, words: Mapping[str, str]) -> None:
    with Section(title), ui.element("dl").classes("terms"):
        for word, text in words.items():
            with ui.element("div"):
                tag("dt", word)
                tag("dd", text)


def _causes() -> None:
    told = "Each has its page in the runbook: what it means, who must act, what helps"
    with Section("Causes", subtitle=told), ui.element("ul").classes("causes"):
        for cause in Cause:
            with tag("li"):
                attribute(tag("a", ADVICE[cause].title), "href", runbook.address(cause))


def _more() -> None:
    with (
        Section("More", subtitle="Documents lie in the directory docs, beside the program"),
        ui.element("dl").classes("terms"),
    ):
        with ui.element("div"):
            with ui.element("dt"):
                attribute(tag("a", "REST"), "href", "/api/docs")
            tag("dd", "what scripts can ask and do, described in full")
        for name, about in help_words.DOCUMENTS.items():
            with ui.element("div"):
                tag("dt", name, classes="mono")
                tag("dd", about)
