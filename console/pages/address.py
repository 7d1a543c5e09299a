"""The URL is the state: filters, order, columns and page of a list live in its query."""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode, urlsplit
from weakref import WeakKeyDictionary

from nicegui import Client, ui
from nicegui.page_arguments import PageArguments

from console.components.tables import to_json

#: The pages whose address was changed after they had been drawn: NiceGUI knows the address of then alone.
_changed: WeakKeyDictionary[Client, str] = WeakKeyDictionary()


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


def keep(path: str, query: Mapping[str, str | None], *, new_entry: bool) -> None:
    """Keep the address in step with what was typed or chosen; Back undoes what has an entry of its own."""
    _changed[ui.context.client] = path
    act = "pushState" if new_entry else "replaceState"
    # The address goes in as a JSON literal, never as code.
    address = to_json(link(path, query))
    ui.run_javascript(f"history.{act}({{page: {address}}}, '', {address})")


def must_redraw(client: Client, opened: str) -> bool:
    """Whether the page that is there has to be drawn anew for the address that is opened; asked once for each."""
    return _changed.pop(client, None) == urlsplit(opened).path
