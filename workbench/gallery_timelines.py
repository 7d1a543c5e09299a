"""Timelines of made-up runs for the gallery: in trouble, waiting for people, well, and not begun."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from console.components.timeline import Deadline, Step, Timeline, Wait
from workbench import fake_rows

AHEAD = ("Verify schema", "Add owner", "Seed defaults", "Activate tenant")


def _retrying(now: datetime) -> Timeline:
    began = now - timedelta(minutes=42)
    first = began + timedelta(seconds=1)
    return Timeline(
        began=began,
        steps=(
            _done("Load tenant", began + timedelta(milliseconds=60), 46),
            Step(
                name="Create schema",
                status="retrying",
                tries=27,
                counted="27 tries",
                started=first,
                tried=(first, now - timedelta(seconds=19)),
                next_try=now + timedelta(seconds=11),
                usual=2.1,
                error=fake_rows.ERRORS[1],
            ),
            *_ahead(*AHEAD),
        ),
    )


def _tried_again(now: datetime) -> Timeline:
    began, asked = now - timedelta(minutes=40), now - timedelta(minutes=10)
    latest = now - timedelta(minutes=1)
    return Timeline(
        began=began,
        steps=(
            Step(
                name="Create schema",
                status="retrying",
                tries=3,
                counted="3 tries since the last retry",
                started=asked,
                tried=(latest,),
                waits=(Wait(began=began, ended=asked, text="Tries before the last retry", is_of_tries=True),),
                next_try=now + timedelta(seconds=11),
                error=fake_rows.ERRORS[1],
            ),
        ),
    )


def _waiting(now: datetime) -> Timeline:
    began = now - timedelta(minutes=51)
    return Timeline(
        began=began,
        steps=(
            _done("Load tenant", began + timedelta(milliseconds=80), 46),
            _done("Ask for approval", began + timedelta(milliseconds=300), 69),
            Step(
                name="Wait for decision",
                status="waiting",
                waits=(Wait(began=began + timedelta(milliseconds=369), text="Waiting for approval"),),
            ),
            *_ahead("Create schema", *AHEAD),
        ),
        deadlines=(
            Deadline(at=now + timedelta(days=6, hours=23), text="rejected, unless somebody has decided by then"),
        ),
    )


def _folded(now: datetime) -> Timeline:
    began = now - timedelta(days=6, hours=2)
    decided = now - timedelta(seconds=8)
    wait = Wait(began=began + timedelta(seconds=3), ended=decided, text="Waiting for approval")
    return Timeline(
        began=began,
        ended=decided + timedelta(seconds=7),
        steps=(
            _done("Load tenant", began, 2900),
            Step(name="Wait for decision", status="completed", started=decided, ended=decided, waits=(wait,)),
            _done("Create schema", decided, 3100),
            _done("Activate tenant", decided + timedelta(seconds=3.2), 3000),
        ),
    )


def _done(name: str, started: datetime, milliseconds: int) -> Step:
    ended = started + timedelta(milliseconds=milliseconds)
    return Step(name=name, status="completed", started=started, ended=ended, usual=0.05)


def _ahead(*names: str) -> tuple[Step, ...]:
    return tuple(Step(name=name, status="pending", usual=1.5) for name in names)


TIMELINES: Mapping[str, Callable[[datetime], Timeline]] = {
    "A step that keeps failing": _retrying,
    "A step that was tried at once": _tried_again,
    "Waiting for people": _waiting,
    "Six days beside three seconds": _folded,
    "Not begun": lambda now: Timeline(began=now, steps=()),
}
