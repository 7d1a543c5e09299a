"""Places in lists, as addresses and scripts carry them."""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from operations.errors import InvalidInput

Place = datetime | str  #: what rows are sorted by


@dataclass(frozen=True, kw_only=True, slots=True)
class Cursor:
    """A place in a list: the row beside it, by segment, sort value and id, and the way to go from there."""

    segment: int
    value: Place
    id: UUID
    backward: bool = False

    def encode(self) -> str:
        value = self.value if isinstance(self.value, str) else self.value.isoformat()
        fields = [self.segment, value, str(self.id), self.backward]
        return base64.urlsafe_b64encode(json.dumps(fields).encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str, segments: int, *, by_name: bool = False) -> "Cursor":
        """Raises `InvalidInput` for anything that a list of so many segments did not give."""
        try:
            segment, value, id_, backward = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            if not isinstance(backward, bool) or segment not in range(segments):
                raise ValueError
            return cls(
                segment=int(segment), value=_name(value) if by_name else _moment(value), id=UUID(id_), backward=backward
            )
        except (ValueError, TypeError, AttributeError, binascii.Error):
            raise InvalidInput({"cursor": "The cursor is not one that this list gave; begin without it."}) from None


def _moment(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError
    return moment


def _name(value: str) -> str:
    if not (value and value.isascii() and value.isprintable()):
        raise ValueError
    return value
