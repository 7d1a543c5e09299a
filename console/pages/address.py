"""The URL is the state: filters, order, columns and page of a list live in its query."""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode

from nicegui import ui
from nicegui.page_arguments import PageArguments

from console.components.tables import to_json


def values(arguments: PageArguments) -> dict[str, str]:
    """The query of the address as it was opened."""
    return {name: value for name, value in arguments.query_parameters.items() if value}


def moment(text: str | None) -> datetime | None:
    """What a word of the address says in RFC 3339; None when it is no moment with its zone."""
    try:
        said = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return said if said.tzinfo is not None else None


def link(path: str, query: Mapping[str, str | None]) -> str:
    kept = {name: value for name, value in query.items() if value}
    return f"{path}?{urlencode(kept)}" if kept else path


def replace(path: str, query: Mapping[str, str | None]) -> None:
    """Keep the address in step with what was typed or chosen, without a new entry in the history."""
    # The address goes in as a JSON literal, never as code.
    address = to_json(link(path, query))
    ui.run_javascript(f"history.replaceState({{page: {address}}}, '', {address})")
