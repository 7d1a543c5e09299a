"""The server's ends of connections: what is not becoming a request is given up, and a websocket can be hung up on.

The server itself waits for the rest of a request for as long as the connection lives, and says farewell to websockets
before it closes them.
"""

import asyncio
from typing import Protocol, cast

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

PATIENCE = 20.0  #: seconds within which a request must be there as a whole, head and body
LINGER = 3.0  #: seconds to finish sending what is not wanted any more
UNHEARD = 4_000_000  #: bytes of it
LONGEST_HEAD = 64 * 1024  #: bytes of a request beside its body; the parser itself takes any number
TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
UNFINISHED = 100  #: requests of one address that may be incomplete at a time; then the oldest is given up
#: Seconds for which a connection waits for a next request: longer than proxies and clients wait (nginx: 60), else they
#: send one on a connection that is just being closed, and nobody knows whether it was done.
KEPT = 75
MOST_KEPT = 300  #: waiting connections of one address; then the one that has waited longest is closed
HANG_UP = "tenantry.hang_up"  #: where the state of a websocket's scope has what ends its connection


class HangUp(Protocol):
    """Ends a connection at once, whatever has not been read or written yet."""

    def __call__(self) -> None: ...


def hang_up_of(scope: Scope) -> HangUp:
    """How to end this websocket's connection."""
    found: HangUp = scope["state"][HANG_UP]
    return found


class Http(HttpToolsProtocol):
    """Requests, as far as they become whole."""

    _giving_up: asyncio.TimerHandle | None = None
    _unheard = 0
    _beside_body = 0
    _is_in_head = True
    _is_refused = False

    @property
    def is_unfinished(self) -> bool:
        return self._giving_up is not None

    @property
    def due_at(self) -> float:
        return self._giving_up.when() if self._giving_up else 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(cast("asyncio.Transport", transport))
        self._wait()
        self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_whole()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            self._leave_unheard(len(data))
            return
        self._beside_body += len(data)
        super().data_received(data)
        if self._beside_body > LONGEST_HEAD and not self.transport.is_closing():
            self._refuse_head()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._beside_body = 0
        self._is_in_head = True
        self._wait()

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._is_whole()
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        self._is_whole()
        super().handle_websocket_upgrade()

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        self._beside_body -= len(body)
        if self.cycle is not None and self.cycle.response_complete:
            self._leave_unheard(len(body))

    def on_response_complete(self) -> None:
        """Whoever was answered before the end of what they send may finish; cut off, they might not read the answer."""
        is_early = self.cycle.more_body and not self.pipeline
        super().on_response_complete()
        if is_early:
            self._linger()

    def _wait(self) -> None:
        if self._giving_up is None:
            self._giving_up = self.loop.call_later(PATIENCE, self._give_up)

    def _is_whole(self) -> None:
        if self._giving_up is not None:
            self._giving_up.cancel()
            self._giving_up = None

    def _refuse_head(self) -> None:
        """What comes behind a body, or between its parts, can have no answer of its own."""
        if not self._is_in_head or self.pipeline or (self.cycle is not None and not self.cycle.response_complete):
            self._give_up()
            return
        self._is_refused = True
        self.transport.write(TOO_LONG)
        self.transport.write_eof()
        self._linger()

    def _linger(self) -> None:
        self._is_whole()
        self._unheard = 0
        self._giving_up = self.loop.call_later(LINGER, self._give_up)

    def _leave_unheard(self, size: int) -> None:
        self._unheard += size
        if self._unheard > UNHEARD:
            self._give_up()

    def _give_up(self) -> None:
        self.transport.abort()

    def _make_room(self) -> None:
        """Whoever sends whole requests is never refused for others at the same address who do not."""
        host = self.client and self.client[0]
        same = [each for each in self.connections if isinstance(each, Http) and each.client and each.client[0] == host]
        unfinished = [each for each in same if each.is_unfinished]
        if len(unfinished) > UNFINISHED:
            min(unfinished, key=lambda each: each.due_at).transport.abort()
        kept = [
            (each.timeout_keep_alive_task.when(), each) for each in same if each.timeout_keep_alive_task is not None
        ]
        if len(kept) > MOST_KEPT:
            min(kept, key=lambda each: each[0])[1].transport.close()


class Websocket(WebSocketsSansIOProtocol):
    """Tells the application how to hang up."""

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.handshake_initiated and not self.close_sent:  # what it does with the scope begins later
            self.scope["state"][HANG_UP] = self.transport.abort
