"""The form that registers a tenant, and leads straight to the live run."""

from collections.abc import Mapping
from uuid import uuid4

from nicegui import ui
from nicegui.page_arguments import PageArguments

from console import sessions
from console.components import feedback
from console.components.cards import Section
from console.components.fields import SelectField, TextField, Verdict
from console.components.form_drafts import FormDraft
from console.components.page_headers import PageHeader
from console.components.text import attribute
from console.pages.place import Nav, Place
from console.pages.scope import Scope
from operations.access import Permission
from operations.actions.registration import Registration, slug_problem
from operations.errors import AlreadyTaken, DatabaseUnavailable, InvalidInput
from operations.statuses import Plan

DRAFT = "Register tenant"  #: names what is typed in the browser
PLANS = {
    Plan.STARTER.value: "Starter",
    Plan.BUSINESS.value: "Business",
    Plan.ENTERPRISE.value: "Enterprise (waits for an operator's approval)",
}


async def build(scope: Scope, _: PageArguments) -> None:
    """Draw the form."""
    PageHeader(PLACE.title, subtitle="The schema is made and migrated while you watch.", back=("Tenants", "/tenants"))
    with Section("Customer").classes("narrow"):
        RegistrationForm(scope)


PLACE = Place(
    path="/tenants/new",
    title="Register tenant",
    build=build,
    nav=Nav(icon="domain_add", key="n"),
    permission=Permission.REGISTER_TENANT,
)


def register_button() -> None:
    """Leads to the form; drawn for those who may register."""
    if sessions.may(PLACE.permission):
        ui.button(PLACE.title, icon="add", on_click=lambda: ui.navigate.to(PLACE.path))


class RegistrationForm:
    """Fields with their errors beside them; one key per form makes a double click one registration."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._key = str(uuid4())
        self._draft = FormDraft(DRAFT, on_restore=self._restore)
        with self._draft.classes("form"):
            self._draw()

    def _draw(self) -> None:
        self._fields = {
            "slug": TextField(
                "Slug",
                hint="Part of addresses; a-z, 0-9 and single hyphens. Never used twice, and never changed.",
                placeholder="acme",
                required=True,
                max_length=60,
                mono=True,
                check=self._check_slug,
            ),
            "name": TextField("Name", placeholder="Acme Inc.", required=True, max_length=220),
            "owner_email": TextField(
                "Owner's e-mail", placeholder="ada@acme.example", kind="email", required=True, max_length=254
            ),
            "owner_name": TextField("Owner's name", max_length=220),
        }
        for name, shown in self._fields.items():
            attribute(shown, "data-field", name)
        self._plan = SelectField(
            "Plan",
            options=PLANS,
            value=Plan.STARTER.value,
            required=True,
            on_change=lambda plan: self._draft.note("plan", plan),
        )
        self._button = ui.button("Register", icon="add", on_click=self._submit).props("data-submit")

    def _restore(self, values: Mapping[str, str]) -> None:
        """What was chosen before a reload."""
        if values.get("plan") in PLANS:
            self._plan.input.set_value(values["plan"])

    async def _check_slug(self, slug: str) -> Verdict:
        sessions.actor(Permission.REGISTER_TENANT)
        if not slug:
            return Verdict()
        if problem := slug_problem(slug):
            return Verdict(problem=problem)
        if await self._scope.services.reads.tenants.slug_is_taken(slug):
            return Verdict(problem=f"The slug {slug} is in use or was used before.")
        return Verdict(note=f"{slug} is free.")

    async def _submit(self) -> None:
        actor = sessions.actor(Permission.REGISTER_TENANT)
        registration = Registration(
            slug=self._fields["slug"].value.strip(),
            name=self._fields["name"].value,
            owner_email=self._fields["owner_email"].value,
            owner_name=self._fields["owner_name"].value or None,
            plan=self._plan.value or Plan.STARTER,
        )
        self._button.props("loading")
        try:
            registered = await self._scope.services.tenants.register(actor, registration, key=self._key)
        except InvalidInput as error:
            self._show(error.problems)
        except AlreadyTaken as error:
            self._show({error.field: error.message})
        except DatabaseUnavailable as error:
            feedback.toast(error.message, feedback.Tone.ERROR)
        else:
            self._draft.drop()
            ui.navigate.to(f"/executions/{registered.execution_id}")
        finally:
            self._button.props(remove="loading")

    def _show(self, problems: dict[str, str]) -> None:
        for name, shown in self._fields.items():
            shown.set_error(problems.get(name))
        self._plan.set_error(problems.get("plan"))
