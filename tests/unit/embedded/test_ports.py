import re
import socket
from contextlib import closing

import pytest

from embedded import ports
from embedded.errors import CannotListen


def test_a_port_somebody_listens_on_is_not_free() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        taken = server.getsockname()[1]

        assert not ports.is_free(taken)
    assert ports.is_free(taken)


def test_a_port_taken_on_the_other_loopback_is_not_free() -> None:
    with closing(socket.create_server(("::1", 0), family=socket.AF_INET6)) as server:
        assert not ports.is_free(server.getsockname()[1])


def test_the_wished_port_is_chosen_while_it_is_free() -> None:
    wished = ports.any_free()

    assert ports.choose([wished]) == [wished]


def test_a_taken_wish_becomes_another_port() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        taken = server.getsockname()[1]

        assert ports.choose([taken])[0] != taken


def test_no_port_is_chosen_twice() -> None:
    wished = ports.any_free()

    chosen = ports.choose([wished, wished, None, None, None])

    assert len(set(chosen)) == 5


def test_a_chosen_port_is_not_one_the_system_gives_away() -> None:
    assert set(ports.choose([None] * 5)) <= set(ports.QUIET)


@pytest.mark.parametrize("host", ["bad host", "nonsense.invalid", "::nonsense", "[::]", "192.0.2.1"])
def test_a_host_that_is_none_of_this_machine_is_one_sentence(host: str) -> None:
    with pytest.raises(
        CannotListen, match=f"^TENANTRY_HOST “{re.escape(host)}” is not an address of this machine. Choose another.$"
    ):
        ports.check(ports.any_free(), host)


def test_every_address_of_this_machine_can_be_listened_on() -> None:
    for host in ("127.0.0.1", "0.0.0.0", "::", "::1", "localhost"):
        ports.check(ports.any_free(), host)
