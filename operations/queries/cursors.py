"""Places in lists, as addresses and scripts carry them."""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from operations.errors import InvalidInput

MICROSECOND = timedelta(microseconds=1)
Place = datetime | timedelta | str  #: what rows are sorted by


@dataclass(frozen=True, kw_only=True, slots=True)
class Cursor:
    """A place in a list: the row beside it, by segment, sort value and id, and the way to go from there."""

    segment: int
    value: Place
    id: UUID
    backward: bool = False

    def encode(self) -> str:
        fields = [self.segment, _written(self.value), str(self.id), self.backward]
        return base64.urlsafe_b64encode(json.dumps(fields).encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str, segments: int, *, by: type[Place] = datetime) -> "Cursor":
        """Raises `InvalidInput` for anything that a list of so many segments, sorted by that, did not give."""
        try:
            segment, value, id_, backward = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            if not isinstance(backward, bool) or segment not in range(segments):
                raise ValueError
            return cls(segment=int(segment), value=READ[by](value), id=UUID(id_), backward=backward)
        except (OverflowError, ValueError, TypeError, AttributeError, binascii.Error):
            raise InvalidInput({"cursor": "The cursor is not one that this list gave; begin without it."}) from None


def _written(value: Place) -> str | int:
    match value:
        case str():
            return value
        case timedelta():
            return value // MICROSECOND
        case _:
            return value.isoformat()


def _moment(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError
    return moment


def _name(value: str) -> str:
    if not (value and value.isascii() and value.isprintable()):
        raise ValueError
    return value


def _span(value: int) -> timedelta:
    if type(value) is not int:
        raise ValueError
    return value * MICROSECOND


READ: Mapping[type[Place], Callable[..., Place]] = {datetime: _moment, timedelta: _span, str: _name}
