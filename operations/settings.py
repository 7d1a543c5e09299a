"""What the environment says. A missing or senseless value stops the process with one sentence naming the variable."""

import os
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import SplitResult, urlsplit

import idna
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from pydantic import BeforeValidator, Field, SecretStr, StringConstraints, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from temporalio.envconfig import ClientConfigProfile

from operations import secret_files
from operations.errors import ConfigurationError
from operations.logs import logger

log = logger(__name__)

PREFIX = "TENANTRY_"
PORT = 8080
SHORTEST_SECRET = 32  # characters


class Requirement(StrEnum):
    """A variable that some processes cannot do without."""

    DATABASE_URL = "TENANTRY_DATABASE_URL"
    TEMPORAL_ADDRESS = "TEMPORAL_ADDRESS"
    SECRET_KEY = "TENANTRY_SECRET_KEY"  # noqa: S105 - the name of a variable
    PUBLIC_URL = "TENANTRY_PUBLIC_URL"


class Patches(StrEnum):
    """Which patches of the workflows' code new runs take."""

    KNOWN = "known"  #: those that every worker of the queue says it knows
    ALL = "all"
    NONE = "none"


class FourEyes(StrEnum):
    """What takes another person than the one who asked for it."""

    APPROVE = "approve"  #: to approve a run
    DEPROVISION = "deprovision"  #: to remove a tenant: somebody else has to approve it before anything is deleted
    BULK = "bulk"  #: to begin what ends many executions, or is done to more than a few dozen


def _four_eyes(value: object) -> object:
    """Words in any order, with commas between."""
    if not isinstance(value, str):
        return value
    words = {word.strip() for word in value.split(",") if word.strip()}
    if unknown := sorted(words - set(FourEyes)):
        raise ValueError(f"may have the words {', '.join(FourEyes)}, with commas between, and not {unknown[0]}")
    return frozenset(map(FourEyes, words))


def _blank_is_unset(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


Text = Annotated[str, StringConstraints(strip_whitespace=True)]
OptionalText = Annotated[str | None, BeforeValidator(_blank_is_unset)]
OptionalSecret = Annotated[SecretStr | None, BeforeValidator(_blank_is_unset)]


def libpq_url(url: str) -> str:
    """Take SQLAlchemy's `+driver` out of a URL; libpq's own URLs and key=value strings stay as they are."""
    return re.sub(r"\A(postgres(?:ql)?)\+\w+://", r"\1://", url)


def _ascii_host(host: str) -> str:
    """As browsers write it in `Origin` (RFC 5891, UTS 46); raises `UnicodeError` for what is no name."""
    if ":" in host:
        return f"[{host}]"
    return host if host.isascii() else idna.encode(host, uts46=True).decode()


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal() and 1 <= int(text) <= 65535


class Settings(BaseSettings):
    """The variables of this process. Build it with `load`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="ignore")

    database_url: OptionalSecret = None
    task_queue: Text = Field("tenantry", min_length=1, max_length=200)
    host: Text = Field("127.0.0.1", min_length=1)
    port: int = Field(PORT, ge=1, le=65535)
    data_dir: Path = Path(".tenantry")
    secret_key: OptionalSecret = None
    admin_email: OptionalText = None
    admin_password: OptionalSecret = None
    log_format: Literal["console", "json"] = "console"
    reconcile_interval: float = Field(60, gt=0, le=86_400, description="seconds")
    reconcile_grace: float = Field(10, ge=0, le=3_600, description="seconds")
    reconcile_retention: int = Field(90, ge=1, le=3_650, description="days")
    stuck_after: float = Field(120, gt=0, le=604_800, description="seconds")
    four_eyes: Annotated[frozenset[FourEyes], NoDecode, BeforeValidator(_four_eyes)] = frozenset()
    bulk_rate: float = Field(25, gt=0, le=10_000, description="executions per second")
    slow_wait_after: float = Field(86_400, gt=0, le=31_536_000, description="seconds")
    deprovision_wait: float = Field(604_800, ge=0, le=31_536_000, description="seconds")
    temporal_ui_url: OptionalText = None
    public_url: OptionalText = None
    trusted_proxies: str = "127.0.0.1"
    provisioning: Text = "tenant_provisioning"
    deprovisioning: Text = "tenant_deprovisioning"
    environment: Text = Field("local", min_length=1, max_length=40)
    build_id: OptionalText = None
    patches: Patches = Patches.KNOWN
    worker_versioning: bool = False

    @field_validator("port", mode="before")
    @classmethod
    def _is_not_of_kubernetes(cls, value: object) -> object:
        """A Service named `tenantry` puts `tcp://10.0.0.1:80` into the variable of every container beside it."""
        if isinstance(value, str) and value.startswith("tcp://"):
            log.warning("TENANTRY_PORT names a Service of Kubernetes; taking the default", found=value, port=PORT)
            return PORT
        return value

    @field_validator("database_url")
    @classmethod
    def _database_url_can_be_read(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        try:
            ports = str(conninfo_to_dict(libpq_url(value.get_secret_value())).get("port") or "")
        except ProgrammingError:
            ports = "unreadable"
        if not all(_is_port(port) for port in ports.split(",") if port):  # libpq looks at it only when it connects
            raise ValueError("must be a PostgreSQL URL such as postgresql://user:password@host/database")
        return value

    @field_validator("secret_key")
    @classmethod
    def _secret_is_long(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < SHORTEST_SECRET:
            raise ValueError(f"must have at least {SHORTEST_SECRET} random characters")
        return value

    @field_validator("public_url")
    @classmethod
    def _is_an_origin(cls, value: str | None) -> str | None:
        """Pages, sockets and cookies are served from the root of a host."""
        if value is None:
            return None
        parts = cls._web_address(value)
        if parts.path.strip("/") or parts.query or parts.fragment or parts.username is not None:
            raise ValueError(
                "must be a scheme and a host alone, such as https://tenantry.example.com: Tenantry does not work "
                "below a path. Give it a name of its own"
            )
        return value.rstrip("/")

    @field_validator("temporal_ui_url")
    @classmethod
    def _is_web_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        cls._web_address(value)
        return value.rstrip("/")

    @staticmethod
    def _web_address(value: str) -> SplitResult:
        try:
            parts = urlsplit(value)
            is_one = parts.scheme in ("http", "https") and bool(_ascii_host(parts.hostname or "")) and parts.port != 0
        except ValueError:  # `UnicodeError` of a host that is no name is one
            is_one = False
        if not is_one:
            raise ValueError("must be a web address such as https://tenantry.example.com")
        return parts

    @property
    def database_dsn(self) -> str:
        """The database as libpq takes it."""
        if self.database_url is None:
            raise ConfigurationError(f"{Requirement.DATABASE_URL} is not set.")
        return libpq_url(self.database_url.get_secret_value())

    @property
    def origin(self) -> str:
        """Scheme, host and port that browsers must send as `Origin` (RFC 6454)."""
        parts = urlsplit(self.public_url or f"http://localhost:{self.port}")
        host = _ascii_host(parts.hostname or "")
        usual = {"http": 80, "https": 443}[parts.scheme]
        return f"{parts.scheme}://{host}" if parts.port in (None, usual) else f"{parts.scheme}://{host}:{parts.port}"

    @property
    def is_https(self) -> bool:
        return self.origin.startswith("https://")

    @classmethod
    def load(cls, *required: Requirement) -> Self:
        """Read the environment; raises `ConfigurationError` for the first variable that is missing or senseless.

        What `…_FILE` names takes its place in the environment, for the processes that this one starts.
        """
        secret_files.read_into(os.environ)
        try:
            settings = cls()
        except ValidationError as error:
            raise ConfigurationError(_sentence(error)) from None
        for requirement in required:
            if not settings._has(requirement):
                raise ConfigurationError(f"{requirement} is not set. {_ADVICE[requirement]}")
        return settings

    def _has(self, requirement: Requirement) -> bool:
        match requirement:
            case Requirement.DATABASE_URL:
                return self.database_url is not None
            case Requirement.TEMPORAL_ADDRESS:
                return bool(temporal_profile().address)
            case Requirement.SECRET_KEY:
                return self.secret_key is not None
            case Requirement.PUBLIC_URL:
                return self.public_url is not None


_OR_UP = "use `tenantry up`, which brings its own server, or name in TENANTRY_DATA_DIR the directory of one that runs."
_ADVICE = {
    Requirement.DATABASE_URL: f"Give the PostgreSQL URL of the control plane, {_OR_UP}",
    Requirement.TEMPORAL_ADDRESS: f"Give host:port of the Temporal frontend, {_OR_UP}",
    Requirement.SECRET_KEY: f"Give at least {SHORTEST_SECRET} random characters, the same for every restart.",
    Requirement.PUBLIC_URL: "Give the address that staff type into their browsers: https://tenantry.example.com.",
}


def temporal_profile() -> ClientConfigProfile:
    """Temporal's own variables and profile (https://docs.temporal.io/develop/environment-configuration)."""
    try:
        profile = ClientConfigProfile.load()
        profile.to_client_connect_config()  # reads the certificates
    except (RuntimeError, ValueError, OSError) as error:
        said, *_ = str(error).splitlines()  # the lines below quote the file, which may hold a key
        raise ConfigurationError(
            f"Temporal's configuration (TEMPORAL_CONFIG_FILE, TEMPORAL_PROFILE, TEMPORAL_TLS_*) cannot be read: {said}."
        ) from None
    return profile


_SECRETIVE = ("SECRET", "PASSWORD", "DATABASE_URL")


def _sentence(error: ValidationError) -> str:
    problem = error.errors()[0]
    variable = PREFIX + "_".join(str(part) for part in problem["loc"]).upper()
    said = problem["msg"].removeprefix("Value error, ").removeprefix("Input ").removeprefix("String ")
    shown = "" if any(word in variable for word in _SECRETIVE) else f"; it is “{problem['input']}”"
    return f"{variable} {said[0].lower()}{said[1:]}{shown}."
