from console import gate


def test_elsewhere_only_the_public_origin_is_ours() -> None:
    assert gate.allowed_origins("https://console.example.com") == {"https://console.example.com"}


def test_on_this_machine_any_name_of_it_is_ours() -> None:
    names = {"http://localhost:8080", "http://127.0.0.1:8080", "http://[::1]:8080"}

    assert gate.allowed_origins("http://localhost:8080") == names
    assert gate.allowed_origins("http://127.0.0.1:8080") == names
