"""What is odd about a start is told in one sentence each, and a healthy start is silent."""

from dataclasses import replace

import pytest

from embedded.oddities import External, Facts, told

NEAR = External(host="127.0.0.1", is_encrypted=False, clock_ahead=0.1)
FAR = External(host="db.example.com", is_encrypted=True, clock_ahead=-1.5)
HEALTHY = Facts(variables={}, host="127.0.0.1", directory=".tenantry", free=50 << 30)
URL = {"TENANTRY_DATABASE_URL": "postgresql://u:topsecret@db.example.com/t"}


@pytest.mark.parametrize(
    "facts",
    [
        HEALTHY,
        replace(HEALTHY, variables={"TENANTRY_PORT": "9000", "TEMPORAL_NAMESPACE": "team", "PGDATA": "/d"}),
        replace(HEALTHY, variables={"TENANTRY_SECRET_KEY_FILE": "", "TENANTRY_FLUX": " "}),
        replace(HEALTHY, variables=URL, database=NEAR),
        replace(HEALTHY, variables=URL, database=FAR),
        replace(HEALTHY, variables=URL, database=replace(NEAR, host="/var/run/postgresql")),
        replace(HEALTHY, variables=URL | {"PGHOST": "db.example.com"}, database=FAR),
        replace(HEALTHY, host="::1"),
        replace(HEALTHY, host="0.0.0.0", variables={"TENANTRY_PUBLIC_URL": "https://t.example.com"}),
        replace(HEALTHY, variables={"TENANTRY_SERVICE_HOST": "10.0.0.1", "TENANTRY_PORT_8080_TCP": "tcp://10.0.0.1"}),
        replace(HEALTHY, variables={"TEMPORAL_ADDRESS": "127.0.0.1:7233"}),
        replace(HEALTHY, variables={"TEMPORAL_ADDRESS": "[::1]:7233"}),
        replace(HEALTHY, variables={"TEMPORAL_ADDRESS": "t.example.com:7233", "TEMPORAL_API_KEY": "k"}),
        replace(HEALTHY, variables={"TEMPORAL_ADDRESS": "t.example.com:7233", "TEMPORAL_TLS": "true"}),
    ],
)
def test_a_healthy_start_is_silent(facts: Facts) -> None:
    assert told(facts) == []


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"TENANTRY_SECRETKEY": "s"}, "did you mean TENANTRY_SECRET_KEY?"),
        ({"TENANTRY_DATABASE_URI": "u"}, "did you mean TENANTRY_DATABASE_URL?"),
        ({"TENANTRY_FLUX": "1"}, "TENANTRY_FLUX is no variable of Tenantry and changes nothing;"),
        ({"TEMPORAL_PROFILE": "p"}, "TEMPORAL_PROFILE is ignored: `up` reads no profile of Temporal"),
        (
            {"TEMPORAL_API_KEY": "k", "TEMPORAL_TLS": "true"},
            "TEMPORAL_API_KEY, TEMPORAL_TLS are ignored: without TEMPORAL_ADDRESS an own Temporal is started.",
        ),
        ({"PGHOST": "db"}, "PGHOST is ignored: without TENANTRY_DATABASE_URL an own PostgreSQL is started."),
        ({"TEMPORAL_ADDRESS": "t.example.com:7233"}, "What is told to Temporal at t.example.com travels unencrypted"),
        ({"TEMPORAL_ADDRESS": "t.example.com:7233", "TEMPORAL_API_KEY": " "}, "travels unencrypted"),
    ],
)
def test_a_variable_that_does_not_do_what_it_seems_to_is_named(variables: dict[str, str], sentence: str) -> None:
    (said,) = told(replace(HEALTHY, variables=variables))

    assert sentence in said


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        (replace(HEALTHY, free=400_000_000), "Only 400 MB are free where .tenantry is kept"),
        (replace(HEALTHY, left_by=4711), "The last `up` on .tenantry, process 4711, did not end in order"),
        (replace(HEALTHY, host="0.0.0.0"), "set TENANTRY_PUBLIC_URL to the address that staff type"),
        (
            replace(HEALTHY, database=replace(FAR, is_encrypted=False)),
            "PostgreSQL at db.example.com travels unencrypted",
        ),
        (replace(HEALTHY, database=replace(NEAR, clock_ahead=37.2)), "is 37 s ahead of PostgreSQL's"),
        (replace(HEALTHY, database=replace(NEAR, clock_ahead=-3700.0)), "is 3,700 s behind PostgreSQL's"),
    ],
)
def test_what_else_is_odd_is_told_in_one_sentence(facts: Facts, sentence: str) -> None:
    (said,) = told(facts)

    assert sentence in said


def test_no_value_of_a_variable_is_told() -> None:
    variables = URL | {
        "TENANTRY_SECRETKEY": "topsecret",
        "TEMPORAL_API_KEY": "topsecret",
        "TEMPORAL_PROFILE": "topsecret",
    }

    assert "topsecret" not in "".join(told(replace(HEALTHY, variables=variables, free=0)))
