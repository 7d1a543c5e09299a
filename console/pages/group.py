"""The page of one group: executions that stand still for one cause and by one error, and what people say of them."""

from urllib.parse import urlencode

from nicegui.page_arguments import PageArguments

from console.components.page_headers import PageHeader
from console.components.text import attribute, tag
from console.pages import address, bulk_words
from console.pages.group_bulk import GroupBulk
from console.pages.place import Place
from console.pages.scope import Scope
from console.pages.triage_panel import TriagePanel
from operations.actions.triage import Group
from operations.diagnosis.advice import advice
from operations.errors import GroupNotFound
from operations.statuses import Cause


async def build(scope: Scope, arguments: PageArguments) -> None:
    """Draw the page and keep it true."""
    cause = arguments.path_parameters["cause"]
    if cause not in list(Cause):
        raise GroupNotFound
    signature = address.values(arguments).get("signature", "").replace("\0", "") or None
    known = advice(Cause(cause))
    with PageHeader(known.title, subtitle=signature or known.action, back=("Overview", "/")):
        asked = {"status": "open", "cause": cause, "signature": signature}
        link = tag("a", "Show its executions", classes="button")
        attribute(link, "href", f"/executions?{urlencode({name: word for name, word in asked.items() if word})}")
    group = Group(cause=cause, signature=signature)
    bulk, triage = GroupBulk(scope, group), TriagePanel(scope, group, name="the group")
    await bulk.follow()
    await triage.follow()
    if address.values(arguments).get("do") == bulk_words.FIRST:  # once: going back does not ask again
        address.keep(f"/groups/{cause}", {"signature": signature}, new_entry=False)
        await bulk.ask_for_first()


PLACE = Place(path="/groups/{cause}", title="Group", build=build)
