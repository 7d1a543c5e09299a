"""What an action that is done answers with: it was committed before, whatever becomes of reading how things are now."""

from collections.abc import Awaitable
from typing import TypeVar

from operations.errors import AcceptedUnread, DatabaseUnavailable

AnswerT = TypeVar("AnswerT")


async def as_it_is(reading: Awaitable[AnswerT]) -> AnswerT:
    """What is read after a commit; raises `AcceptedUnread` where PostgreSQL would say that nothing was changed."""
    try:
        return await reading
    except DatabaseUnavailable as error:
        raise AcceptedUnread from error
