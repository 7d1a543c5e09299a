"""What a list can be asked for by the words of an address: the same for a page, for REST and for a file."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from operations.errors import InvalidInput

WordT = TypeVar("WordT", bound=StrEnum)
SortT_co = TypeVar("SortT_co", bound=StrEnum, covariant=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """The words of an address with what they say, empty ones left out.

    People keep old links: on a page, what means nothing does not narrow. A program is told (`strictly`).
    """

    said: Mapping[str, str]
    strictly: bool = False

    def __getitem__(self, name: str) -> str:
        return self.said.get(name, "")

    def refuse(self, name: str, problem: str) -> None:
        """Raises `InvalidInput` if asked strictly."""
        if self.strictly:
            raise InvalidInput({name: problem})


@dataclass(frozen=True, kw_only=True, slots=True)
class Search:
    """Text to look for, by the word `q`."""

    label: str
    about: str = ""  #: where REST says that it is looked for
    name: str = "q"

    def of(self, asked: Asked) -> str:
        return asked[self.name]


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice(Generic[WordT]):
    """Some of a few words, separated by commas; a page offers one of them at a time."""

    name: str
    label: str
    options: Mapping[WordT, str]  #: with what people read

    def of(self, asked: Asked) -> frozenset[WordT]:
        """Nothing chosen is all. Raises `InvalidInput`."""
        known = {str(word): word for word in self.options}
        said = [word.strip() for word in asked[self.name].split(",") if word.strip()]
        if unknown := [word for word in said if word not in known]:
            asked.refuse(self.name, f"“{unknown[0]}” is not a {self.name}; known are: {', '.join(known)}.")
        return frozenset(known[word] for word in said if word in known)


@dataclass(frozen=True, kw_only=True, slots=True)
class Days:
    """The days on which something happened, as the moments at which they begin and end for whoever asks."""

    name: str
    label: str

    def since(self, asked: Asked) -> datetime | None:
        return _moment(asked, f"{self.name}_from")

    def until(self, asked: Asked) -> datetime | None:
        return _moment(asked, f"{self.name}_to")


class Word(Protocol):
    """Any of these."""

    @property
    def name(self) -> str: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Order(Generic[SortT_co]):
    """What a list is sorted by, in the word `sort`."""

    usual: SortT_co
    about: str = ""

    def of(self, asked: Asked) -> SortT_co:
        """Raises `InvalidInput`."""
        known = {str(word): word for word in type(self.usual)}
        if asked["sort"] and asked["sort"] not in known:
            asked.refuse("sort", f"“{asked['sort']}” is no order; known are: {', '.join(known)}.")
        return known.get(asked["sort"], self.usual)


def _moment(asked: Asked, name: str) -> datetime | None:
    try:
        said = datetime.fromisoformat(asked[name]) if asked[name] else None
    except ValueError:
        said = None
    if asked[name] and (said is None or said.tzinfo is None):
        asked.refuse(name, f"{name} must be a moment with its time zone, such as 2026-01-31T12:00:00Z.")
        return None
    return said
