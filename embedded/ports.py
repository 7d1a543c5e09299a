"""Free TCP ports of this machine."""

import errno
import random
import socket
from collections.abc import Sequence
from contextlib import ExitStack, closing, suppress

from embedded.errors import CannotListen, PortTaken

LOOPBACK = "127.0.0.1"
# Below the range from which systems take ports for outgoing connections and for whoever asks for any: between our
# choice and the start of its server, seconds later, nobody else is given one of these by chance.
QUIET = range(15_000, 32_768)
TRIES = 50
ANSWER_DEADLINE = 0.2  # seconds


def check(port: int, host: str) -> None:
    """Raises `CannotListen` for what no choice of another port mends by itself: the host, or the right to the port."""
    try:
        with closing(_listener(port, host)):
            pass
    except socket.gaierror:
        raise CannotListen(f"TENANTRY_HOST “{host}” is not an address of this machine. Choose another.") from None
    except PermissionError:
        raise CannotListen(
            f"This account may not listen on port {port}; ports below 1024 are for administrators, as a rule."
            " Choose another: TENANTRY_PORT."
        ) from None
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise CannotListen(f"TENANTRY_HOST “{host}” is not an address of this machine. Choose another.") from None


def require(port: int, host: str) -> None:
    """For a server that has no other port to go to; raises `CannotListen`, or `PortTaken`."""
    check(port, host)
    try:
        with closing(_listener(port, host)):
            pass
    except OSError:
        raise PortTaken(f"Port {port} is in use by another program. Choose another: TENANTRY_PORT.") from None


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server could listen there and no browser typing `localhost` would reach a stranger instead."""
    try:
        with closing(_listener(port, host)):
            pass
    except OSError:
        return False
    return not any(_answers(port, address) for address in ("127.0.0.1", "::1"))


def choose(wanted: Sequence[int | None], host: str = LOOPBACK) -> list[int]:
    """Return one port for each wish: the wished one if it is free, else any; no port twice."""
    with ExitStack() as held:
        chosen = []
        for port in wanted:
            listener = held.enter_context(closing(_wished_or_any(port, host)))
            chosen.append(int(listener.getsockname()[1]))
        return chosen


def any_free(host: str = LOOPBACK) -> int:
    return choose([None], host)[0]


def _wished_or_any(port: int | None, host: str) -> socket.socket:
    for candidate in [port, *random.sample(QUIET, TRIES)]:
        if candidate is not None and is_free(candidate, host):
            with suppress(OSError):
                return _listener(candidate, host)
    return _listener(0, host)


def _listener(port: int, host: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        # Connections of an ended server linger; they do not keep the next one from listening.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        # Only a listening socket keeps others out: two bound ones may share an address with this option.
        listener.listen(1)
    except OSError:
        listener.close()
        raise
    return listener


def _answers(port: int, address: str) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with closing(socket.socket(family, socket.SOCK_STREAM)) as caller:
            caller.settimeout(ANSWER_DEADLINE)
            return caller.connect_ex((address, port)) == 0
    except OSError:  # no IPv6 here
        return False
