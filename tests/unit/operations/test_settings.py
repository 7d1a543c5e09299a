import os
from pathlib import Path

import pytest

from operations.errors import ConfigurationError
from operations.settings import FourEyes, Requirement, Settings, libpq_url, temporal_profile

SECRET = "correct-horse-battery-staple-secret"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of the machine's own settings, as on a new server."""
    for name in list(os.environ):
        if name.startswith(("TENANTRY_", "TEMPORAL_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(tmp_path / "temporal.toml"))


def refusal(*required: Requirement) -> str:
    with pytest.raises(ConfigurationError) as refused:
        Settings.load(*required)
    return refused.value.message


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TENANTRY_PORT", "http"),
        ("TENANTRY_PORT", "0"),
        ("TENANTRY_PORT", "65536"),
        ("TENANTRY_PORT", "8080.5"),
        ("TENANTRY_HOST", " "),
        ("TENANTRY_TASK_QUEUE", " "),
        ("TENANTRY_TASK_QUEUE", "q" * 201),
        ("TENANTRY_LOG_FORMAT", "xml"),
        ("TENANTRY_RECONCILE_INTERVAL", "0"),
        ("TENANTRY_RECONCILE_INTERVAL", "-1"),
        ("TENANTRY_RECONCILE_INTERVAL", "nan"),
        ("TENANTRY_RECONCILE_INTERVAL", "inf"),
        ("TENANTRY_RECONCILE_INTERVAL", "often"),
        ("TENANTRY_STUCK_AFTER", "0"),
        ("TENANTRY_STUCK_AFTER", "1e9"),
        ("TENANTRY_PUBLIC_URL", "tenantry.example.com"),
        ("TENANTRY_PUBLIC_URL", "ftp://tenantry.example.com"),
        ("TENANTRY_PUBLIC_URL", "https://"),
        ("TENANTRY_PUBLIC_URL", "https://:443"),
        ("TENANTRY_PUBLIC_URL", "https://tenantry.example.com:https"),
        ("TENANTRY_PUBLIC_URL", "https://[::1"),
        ("TENANTRY_TEMPORAL_UI_URL", "javascript:alert(1)"),
        ("TENANTRY_ENVIRONMENT", "e" * 41),
        ("TENANTRY_SECRET_KEY", "short"),
        ("TENANTRY_DATABASE_URL", "mysql://root@localhost/tenantry"),
        ("TENANTRY_DATABASE_URL", "localhost"),
        ("TENANTRY_DATABASE_URL", "postgresql://user:password@host:port/tenantry"),
        ("TENANTRY_DATABASE_URL", "postgresql://user:password@host:0/tenantry"),
        ("TENANTRY_DATABASE_URL", "host=localhost colour=red"),
    ],
)
def test_a_senseless_value_is_refused_in_one_sentence_that_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)

    message = refusal()

    assert message.startswith(f"{variable} ")
    assert message.endswith(".")
    assert "\n" not in message
    assert "pydantic" not in message


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TENANTRY_DATABASE_URL", f"mysql://root:{SECRET}@localhost/tenantry"),
        ("TENANTRY_DATABASE_URL", f"postgresql://root:{SECRET}@localhost:nowhere/tenantry"),
        ("TENANTRY_DATABASE_URL", f"host=localhost password={SECRET} colour=red"),
        ("TENANTRY_SECRET_KEY", SECRET[:31]),
    ],
)
def test_a_refusal_never_shows_a_secret(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)

    message = refusal()

    assert variable in message
    assert SECRET[:31] not in message


def test_settings_never_show_their_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENANTRY_SECRET_KEY", SECRET)
    monkeypatch.setenv("TENANTRY_ADMIN_PASSWORD", SECRET)
    monkeypatch.setenv("TENANTRY_DATABASE_URL", f"postgresql://tenantry:{SECRET}@localhost/tenantry")

    settings = Settings.load()

    assert SECRET not in repr(settings)
    assert SECRET not in str(settings.model_dump())


@pytest.mark.parametrize("requirement", Requirement)
def test_what_a_process_needs_is_asked_for_by_name(requirement: Requirement) -> None:
    message = refusal(requirement)

    assert message.startswith(f"{requirement} is not set. ")
    assert message.endswith(".")


@pytest.mark.parametrize("requirement", [Requirement.DATABASE_URL, Requirement.TEMPORAL_ADDRESS])
def test_who_runs_a_command_beside_an_up_is_told_where_it_is_looked_for(requirement: Requirement) -> None:
    assert "TENANTRY_DATA_DIR" in refusal(requirement)


@pytest.mark.parametrize("requirement", Requirement)
def test_a_blank_value_is_no_value(monkeypatch: pytest.MonkeyPatch, requirement: Requirement) -> None:
    monkeypatch.setenv(requirement, "")

    assert refusal(requirement).startswith(f"{requirement} is not set.")


def test_an_empty_variable_leaves_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PORT", "TASK_QUEUE", "DATA_DIR", "LOG_FORMAT", "HOST", "ENVIRONMENT"):
        monkeypatch.setenv(f"TENANTRY_{name}", "")

    assert Settings.load() == Settings()
    assert (Settings.load().port, Settings.load().data_dir) == (8080, Path(".tenantry"))


def test_all_that_is_needed_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENANTRY_DATABASE_URL", "postgresql://localhost/tenantry")
    monkeypatch.setenv("TENANTRY_SECRET_KEY", SECRET)
    monkeypatch.setenv("TENANTRY_PUBLIC_URL", "https://tenantry.example.com/")
    monkeypatch.setenv("TEMPORAL_ADDRESS", "localhost:7233")

    settings = Settings.load(*Requirement)

    assert settings.public_url == "https://tenantry.example.com"
    assert settings.origin == "https://tenantry.example.com"
    assert settings.is_https


@pytest.mark.parametrize(
    ("given", "for_libpq"),
    [
        ("postgresql://u:p@h/d", "postgresql://u:p@h/d"),
        ("postgres://u:p@h/d", "postgres://u:p@h/d"),
        ("postgresql+psycopg://u:p@h/d", "postgresql://u:p@h/d"),
        ("postgresql+asyncpg://u:p@h/d", "postgresql://u:p@h/d"),
        ("postgresql://u:p+q@h/d", "postgresql://u:p+q@h/d"),
        ("postgresql://u:p@h1:5432,h2:5433/d?sslmode=require", "postgresql://u:p@h1:5432,h2:5433/d?sslmode=require"),
        ("host=h password=p+q dbname=d", "host=h password=p+q dbname=d"),
        ("host=h password=p+q://r dbname=d", "host=h password=p+q://r dbname=d"),
    ],
)
def test_every_form_of_a_database_address_reaches_libpq_whole(
    monkeypatch: pytest.MonkeyPatch, given: str, for_libpq: str
) -> None:
    monkeypatch.setenv("TENANTRY_DATABASE_URL", given)

    assert libpq_url(given) == for_libpq
    assert Settings.load(Requirement.DATABASE_URL).database_dsn == for_libpq


def test_a_temporal_profile_that_does_not_exist_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_PROFILE", "production")

    message = refusal(Requirement.TEMPORAL_ADDRESS)

    assert "TEMPORAL_PROFILE" in message
    assert "'production'" in message


@pytest.mark.parametrize(
    "content", [f'[profile.default]\napi_key = "{SECRET}\n', f'[profile.default]\ntls = "{SECRET}"\n']
)
def test_a_broken_temporal_configuration_is_told_without_its_content(tmp_path: Path, content: str) -> None:
    (tmp_path / "temporal.toml").write_text(content)

    message = refusal(Requirement.TEMPORAL_ADDRESS)

    assert "TEMPORAL_CONFIG_FILE" in message
    assert "line 2" in message
    assert SECRET not in message
    assert "\n" not in message


def test_a_certificate_that_is_not_there_stops_the_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "localhost:7233")
    monkeypatch.setenv("TEMPORAL_TLS_CLIENT_CERT_PATH", str(tmp_path / "client.pem"))
    monkeypatch.setenv("TEMPORAL_TLS_CLIENT_KEY_PATH", str(tmp_path / "client.key"))

    message = refusal(Requirement.TEMPORAL_ADDRESS)

    assert "TEMPORAL_TLS" in message
    assert "client.pem" in message


def test_temporals_own_variables_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "temporal.example.com:7233")
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "tenants")

    profile = temporal_profile()

    assert (profile.address, profile.namespace) == ("temporal.example.com:7233", "tenants")


def test_what_kubernetes_says_of_a_service_is_no_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENANTRY_PORT", "tcp://10.96.0.7:80")

    assert Settings.load().port == 8080


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Console.Example.com:443/", "https://console.example.com"),
        ("http://console.example.com:80", "http://console.example.com"),
        ("https://console.example.com:8443", "https://console.example.com:8443"),
        ("http://[::1]:9000/", "http://[::1]:9000"),
        ("https://Bücher.example", "https://xn--bcher-kva.example"),
        ("https://xn--bcher-kva.example:8443", "https://xn--bcher-kva.example:8443"),
    ],
)
def test_an_origin_is_written_as_browsers_write_it(monkeypatch: pytest.MonkeyPatch, url: str, origin: str) -> None:
    monkeypatch.setenv("TENANTRY_PUBLIC_URL", url)

    assert Settings.load().origin == origin


@pytest.mark.parametrize(
    "url",
    ["https://example.com/tenantry", "https://example.com/?a=1", "https://example.com/#top", "https://ada@example.com"],
)
def test_a_public_address_below_a_path_is_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("TENANTRY_PUBLIC_URL", url)

    message = refusal()

    assert message.startswith("TENANTRY_PUBLIC_URL must be a scheme and a host alone")
    assert "Give it a name of its own" in message


@pytest.mark.parametrize("url", ["https://-ü.example", "https://ü..example", "https://" + "ü" * 70 + ".example"])
def test_a_public_address_that_is_no_name_is_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("TENANTRY_PUBLIC_URL", url)

    assert refusal().startswith("TENANTRY_PUBLIC_URL must be a web address")


def test_a_secret_is_read_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "secret_key"
    file.write_text(f"{SECRET}\n", encoding="utf-8")
    monkeypatch.setenv("TENANTRY_SECRET_KEY", "")  # to be put back afterwards
    monkeypatch.setenv("TENANTRY_SECRET_KEY_FILE", str(file))

    key = Settings.load(Requirement.SECRET_KEY).secret_key

    assert key is not None
    assert key.get_secret_value() == SECRET
    assert os.environ["TENANTRY_SECRET_KEY"] == SECRET
    assert "TENANTRY_SECRET_KEY_FILE" not in os.environ


@pytest.mark.parametrize("content", [b"", b"\n", b"a\nb", b"\xff\xfe", b"x" * 70_000])
def test_a_file_without_one_secret_is_refused_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "secret_key"
    file.write_bytes(content)
    monkeypatch.setenv("TENANTRY_SECRET_KEY_FILE", str(file))

    message = refusal()

    assert message.startswith(f"TENANTRY_SECRET_KEY_FILE names {file}, which ")
    assert message.count("\n") == 0
    assert len(message) < 400


def test_a_secret_given_twice_or_nowhere_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TENANTRY_SECRET_KEY_FILE", str(tmp_path / "missing"))
    assert "cannot be read: no such file or directory" in refusal()

    monkeypatch.setenv("TENANTRY_SECRET_KEY", SECRET)
    assert refusal() == "TENANTRY_SECRET_KEY and TENANTRY_SECRET_KEY_FILE are both set; leave one of them out."


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("", frozenset()),
        ("approve", frozenset({FourEyes.APPROVE})),
        (" deprovision, approve,", frozenset({FourEyes.APPROVE, FourEyes.DEPROVISION})),
    ],
)
def test_what_takes_two_is_a_list_of_words(
    monkeypatch: pytest.MonkeyPatch, given: str, words: frozenset[FourEyes]
) -> None:
    monkeypatch.setenv("TENANTRY_FOUR_EYES", given)

    assert Settings.load().four_eyes == words


def test_a_word_that_nothing_goes_by_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENANTRY_FOUR_EYES", "approve,deprovison")

    assert refusal() == (
        "TENANTRY_FOUR_EYES may have the words approve, deprovision, bulk, with commas between, and not deprovison; "
        "it is “approve,deprovison”."
    )
