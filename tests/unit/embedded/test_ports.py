import socket
from contextlib import closing

from embedded import ports


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
