"""Secrets from files: what `…_FILE` names is read into the variable of that name, as containers have them mounted."""

from collections.abc import MutableMapping
from pathlib import Path

from operations.errors import ConfigurationError

SECRETS = ("TENANTRY_DATABASE_URL", "TENANTRY_SECRET_KEY", "TENANTRY_ADMIN_PASSWORD", "TEMPORAL_API_KEY")
LONGEST = 64 * 1024  #: bytes of a file


def read_into(environment: MutableMapping[str, str]) -> None:
    """Take the place of the variables that name files. Raises `ConfigurationError`; never with what a file holds."""
    for secret in SECRETS:
        variable = f"{secret}_FILE"
        path = environment.get(variable, "").strip()
        if not path:
            continue
        if environment.get(secret, "").strip():
            raise ConfigurationError(f"{secret} and {variable} are both set; leave one of them out.")
        environment[secret] = _content(variable, Path(path))
        del environment[variable]


def _content(variable: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(LONGEST + 1)
        text = content.decode().strip("\r\n")
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        raise ConfigurationError(f"{variable} names {path}, which cannot be read: {why}.") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{variable} names {path}, which is no text.") from None
    if not text.strip() or len(content) > LONGEST or "\n" in text:
        raise ConfigurationError(f"{variable} names {path}, which must hold the secret in one line, and nothing else.")
    return text
