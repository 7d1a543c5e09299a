"""Dialogs: questions before something is done, and closer looks. They live in the frame, and end with their page."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from typing import Self

from nicegui import ui
from nicegui.events import GenericEventArguments

from operations.actions.reasons import LONGEST
from operations.errors import InvalidInput, NotLoggedIn, OperationsError

REASON = "Reason"
MOVED = "This changed just as you confirmed; nothing was done. Read how it stands now, then decide again."
FAILED = "Something went wrong here; it was logged. Look whether it was done before you repeat it."
MISCOUNTED = "Type the number {count:,} to confirm; nothing was done."


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What is asked before something is done. `title` names the object; `action` is the word on the button."""

    title: str
    action: str
    what_will_happen: tuple[str, ...]
    not_undone: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    done: tuple[str, ...] = ()  #: before that, whatever is decided now
    first: tuple[str, ...] = ()  #: what has to come before any of it
    count: int | None = None  #: to be typed, so that nobody does to many what was meant for one
    ask_reason: bool = True  #: then nothing can be confirmed without one
    danger: bool = False
    problem: str | None = None  #: why it cannot be done, perhaps any more
    about: str | None = None  #: the run that was seen: of another one it is another question
    asks: str = REASON  #: what is to be typed
    longest: int = LONGEST  #: characters of it

    @property
    def honest(self) -> Self:
        """What cannot be done promises nothing."""
        return (
            self
            if self.problem is None
            else replace(self, done=(), what_will_happen=(), not_undone=(), first=(), count=None)
        )


Ask = Callable[[], Question]
CarryOut = Callable[[str], Awaitable[None]]


class Dialog(
    ui.element,
    component="frame_dialog.js",
    dependencies=[
        "console_connection.js",
        "console_drafts.js",
        "console_focus.js",
        "console_formats.js",
        "console_line.js",
        "console_toasts.js",
    ],
):
    """One that is open. Draw into it what it shows; the browser keeps what is typed."""

    def __init__(self, title: str = "", *, wide: bool = False) -> None:
        super().__init__()
        self.props["title"] = title
        self.props["wide"] = wide
        self.on("closed", self.close, args=[])

    def look_again(self) -> None:
        """What it is about may have changed."""

    def end(self) -> None:
        """Its page goes."""
        self.close()

    def close(self) -> None:
        if not self.is_deleted:
            self.delete()


class QuestionDialog(Dialog):
    """Asks, and carries out what was confirmed; it stays open, with what was typed, until that is done."""

    def __init__(self, ask: Ask, carry_out: CarryOut, *, draft: str) -> None:
        """`ask` says how things stand whenever they may have changed. `draft` names what is typed in the browser."""
        super().__init__()
        self._ask = ask
        self._carry_out = carry_out
        self._question = ask()
        self._version = 0
        self._answered: object = None
        self._is_being_done = False  #: what changes meanwhile may be its own doing
        self.props["draft-name"] = draft
        self._show()
        self.on("answer", self._answer)

    def look_again(self) -> None:
        if not self._is_being_done and (question := self._ask()) != self._question:
            self._question = question
            self._version += 1
            self._show()

    def end(self) -> None:
        """What is done leads to another page, perhaps before the browser has put away what was typed."""
        if not self._is_being_done:
            self.close()

    def _show(self) -> None:
        self.props["question"] = asdict(self._question.honest)
        self.props["version"] = self._version

    async def _answer(self, event: GenericEventArguments) -> None:
        """Nothing is done but what the person has read: an answer to an earlier version of the question is none."""
        reason, version, answer, typed = event.args
        if answer == self._answered:  # sent again, as its connection was cut; what became of it is told by and by
            return
        self._answered = answer
        if version != self._version:
            self._refuse(MOVED)
            return
        if self._question.count is not None and typed != self._question.count:
            self._refuse(MISCOUNTED.format(count=self._question.count))
            return
        self._is_being_done = True
        try:
            await self._carry_out(str(reason))
        except InvalidInput as error:
            self._refuse(error.problems.get("reason", error.message))
        except NotLoggedIn:
            raise
        except OperationsError as error:
            self._refuse(error.message)
        except Exception:
            self._refuse(FAILED)
            raise
        else:
            self.run_method("done")  # the browser answers with `closed`

    def _refuse(self, problem: str) -> None:
        self._is_being_done = False
        self.run_method("refuse", problem)
        self.look_again()


class Dialogs(ui.element):
    """Where the dialogs of a tab live, one at a time: no redraw of a page reaches here."""

    def __init__(self) -> None:
        super().__init__("div")
        self.classes("dialogs")
        self.client.sub_pages_router.on_path_changed(lambda _: self._end())

    def ask(self, ask: Ask, carry_out: CarryOut, *, draft: str) -> Dialog:
        """Ask before something is done; `carry_out` gets the reason ("" when none is asked for)."""
        with self.clear():
            return QuestionDialog(ask, carry_out, draft=draft)

    def look(self, title: str) -> Dialog:
        """A closer look at something, to be drawn into."""
        with self.clear():
            return Dialog(title, wide=True)

    def look_again(self) -> None:
        """Pages say this whenever what they show has changed."""
        for dialog in self._open():
            dialog.look_again()

    def _end(self) -> None:
        for dialog in self._open():
            dialog.end()

    def _open(self) -> list[Dialog]:
        return [child for child in self.default_slot.children if isinstance(child, Dialog)]
