from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as some

from console.login import safe_path

HERE = "https://console.example.com/login"


@pytest.mark.parametrize("path", ["/", "/executions", "/executions?status=failed&q=a%2Fb#c", "/tenants/acme"])
def test_paths_of_ours_are_kept(path: str) -> None:
    assert safe_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "executions",
        "//evil.example",
        "/\\evil.example",
        "/a\\b",
        "/\t/evil.example",
        "https://evil.example",
        "\x00",
    ],
)
def test_what_could_lead_elsewhere_becomes_the_overview(path: str) -> None:
    assert safe_path(path) == "/"


@given(some.one_of(some.text(), some.text("/\\:.ae\t\n@?#", max_size=12)))
def test_nothing_ever_leads_to_another_host(path: str) -> None:
    try:
        target = urlsplit(urljoin(HERE, safe_path(path)))
    except ValueError:  # an address that no browser could follow either
        return

    assert (target.scheme, target.netloc) == ("https", "console.example.com")
