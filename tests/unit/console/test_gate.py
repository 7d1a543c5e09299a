from structlog.testing import capture_logs

from console import gate


def test_elsewhere_only_the_public_origin_is_ours() -> None:
    assert gate.allowed_origins("https://console.example.com") == {"https://console.example.com"}


def test_on_this_machine_any_name_of_it_is_ours() -> None:
    names = {"http://localhost:8080", "http://127.0.0.1:8080", "http://[::1]:8080"}

    assert gate.allowed_origins("http://localhost:8080") == names
    assert gate.allowed_origins("http://127.0.0.1:8080") == names


def test_what_comes_from_other_sites_fills_no_log() -> None:
    foreign = gate.Foreign()

    with capture_logs() as lines:
        for number in range(50):
            foreign.say(path="/logout", origin=f"https://evil-{number}.example", expected="https://own.example")

    assert [(line["origin"], line["expected"]) for line in lines] == [("https://evil-0.example", "https://own.example")]
    assert "TENANTRY_PUBLIC_URL" in lines[0]["event"]
