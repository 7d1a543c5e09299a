"""Structured logs: lines for people on a console, JSON for machines; never a secret, never a tenant's payload.

One record is one line, whatever it quotes: strangers choose addresses and error texts, and must not be able to write
lines of their own. Only a traceback has more, all of them indented, and it is cut when it is long.
"""

import logging
import re
import sys
from typing import Literal

import structlog

CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
LONGEST_TRACEBACK = 8_000  #: characters; what matters stands at both ends
#: Temporal's SDK writes one for each try of a step that fails, so that an outage would fill the log with them. What the
#: error says is at the ends; what it means is on the execution's row.
OF_EACH_TRY, LINES_OF_EACH_TRY = "temporalio.", 16
MARGIN = "  | "


def configure(form: Literal["console", "json"] = "console", *, least: int = logging.INFO) -> None:
    """Send structlog's and the standard library's records through one renderer to stderr; `least` is a level."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, without_controls, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(least)
    # uvicorn writes the address of every socket, and with it the id of a tab.
    for noisy in ("httpx", "alembic.runtime.plugins", "temporalio.worker", "uvicorn.access", "uvicorn.error"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def logger(name: str) -> structlog.stdlib.BoundLogger:
    bound: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return bound


def without_controls(
    _: structlog.typing.WrappedLogger, __: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """A processor: values are spelled without control characters, tracebacks keep their lines behind a margin."""
    of_each_try = str(event.get("logger", "")).startswith(OF_EACH_TRY)
    return {
        name: _traceback(str(value), brief=of_each_try) if name == "exception" else spelled(value)
        for name, value in event.items()
    }


def spelled(value: object) -> object:
    """Text on one line; everything but text and numbers as its text."""
    if value is None or isinstance(value, bool | int | float):
        return value
    return CONTROLS.sub(lambda match: _escape(match[0]), str(value))


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def _traceback(text: str, *, brief: bool) -> str:
    lines = text.split("\n")
    if brief and len(lines) > LINES_OF_EACH_TRY:
        half = LINES_OF_EACH_TRY // 2
        text = "\n".join([*lines[:half], f"[{len(lines) - 2 * half:,} lines left out]", *lines[-half:]])
    if len(text) > LONGEST_TRACEBACK:
        half = LONGEST_TRACEBACK // 2
        text = f"{text[:half]}\n[{len(text) - LONGEST_TRACEBACK:,} characters left out]\n{text[-half:]}"
    return "\n".join(f"{MARGIN}{spelled(line)}" for line in text.split("\n"))
