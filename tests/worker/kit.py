"""A scripted provider and a way to carry an activity to its end, for tests of the worker against the simulated org."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from lsync_flask.plugin_api import Answer, Answers, Call, Catalogue, Http, Inquiry, Provider, ProviderField, Ticket
from lsync_flask.services.definitions import DefinitionBody, save_definition
from lsync_flask.services.mappings import save_input_mapping, save_result_mapping
from lsync_flask.services.plan import CriterionBody, InputMappingBody, InputRowBody, ResultMappingBody, ResultRowBody
from lsync_flask.services.resources import Actor, Resources
from lsync_flask.services.run_activity import run_activity
from lsync_flask.services.settings import OrgSettings, read_settings, save_settings
from lsync_flask.storage.ledger import Ledger
from lsync_flask.storage.ledger_rows import ActivityRow
from lsync_flask.storage.users import UserRow, save_user
from lsync_flask.worker.drain import drain

Reply = Callable[[Call], Any]


class Scripted:
    """What the provider replies, and what it was asked; shared by all its instances."""

    def __init__(self) -> None:
        self.reply: Reply = answer_all({"site": "https://example.com"})
        self.collect: Callable[[Ticket], Any] | None = None
        self.calls: list[Call] = []
        self.lock = threading.Lock()

    def keys(self) -> list[str]:
        return [inquiry.key for call in self.calls for inquiry in call.inquiries]


def answer_all(values: Mapping[str, Any]) -> Reply:
    def reply(call: Call) -> Answers:
        answers = [Answer(one.key, matched=True, values=values, confidence=90) for one in call.inquiries]
        return Answers(answers, len(answers))

    return reply


def answer_each(answer: Callable[[Inquiry], Answer]) -> Reply:
    def reply(call: Call) -> Answers:
        return Answers([answer(one) for one in call.inquiries], len(call.inquiries))

    return reply


def provider_of(script: Scripted, idempotency: str = "key") -> type[Provider]:
    """A provider plugin that does as scripted."""

    class ScriptedProvider(Provider):
        """Answers as the test says."""

        name: ClassVar[str] = "scripted"
        label: ClassVar[str] = "Scripted"
        api: ClassVar[int] = 1
        max_per_call: ClassVar[int] = 100

        def catalogue(self) -> Catalogue:
            outputs = (
                ProviderField("site", "Site", "url"),
                ProviderField("rating", "Rating"),
                ProviderField("size", "Size", "int"),
                ProviderField("title", "Title"),
            )
            return Catalogue((ProviderField("company", "Company"),), outputs, (frozenset({"company"}),))

        def submit(self, call: Call, http: Http) -> Answers | Ticket:
            with script.lock:
                script.calls.append(call)
            reply: Answers | Ticket = script.reply(call)
            return reply

        def collect(self, ticket: Ticket, http: Http) -> Answers | Ticket:
            assert script.collect is not None
            reply: Answers | Ticket = script.collect(ticket)
            return reply

        def check(self, http: Http) -> str:
            return "It is a script."

    ScriptedProvider.idempotency = idempotency  # type: ignore[assignment]
    return ScriptedProvider


def with_provider(resources: Resources, cls: type[Provider]) -> Resources:
    providers = {**resources.registry.providers, cls.name: cls}
    return replace(resources, registry=replace(resources.registry, providers=providers))


def actor_with(resources: Resources, org: Mapping[str, Any], permission_set: str, role: str) -> Actor:
    user = next(one for one in org["users"] if one["permission_sets"] == [permission_set])
    row = UserRow(user["id"], user["username"], user["email"], user["name"], "en_GB", "en_US", user["time_zone"])
    with resources.database.writing(org["org_id"]) as scope:
        save_user(scope, row, resources.now_s())
    return Actor(org["org_id"], user["id"], user["username"], user["name"], user["email"], role)  # type: ignore[arg-type]


def use_scripted(resources: Resources, actor: Actor, **settings: Any) -> None:
    """Choose the scripted provider and map its outputs onto Leads."""
    seen = read_settings(resources, actor)
    chosen = OrgSettings(provider="scripted", **{"first_bulk_size": 50, **settings})
    save_settings(resources, actor, chosen, {}, seen.version)
    map_leads(resources, actor, [ResultRowBody(output="site", target="Website", policy="provider_wins")])


def map_leads(resources: Resources, actor: Actor, rows: list[ResultRowBody]) -> None:
    inputs = InputMappingBody(rows=(InputRowBody(input="company", source="Company"),))
    for save, body in ((save_input_mapping, inputs), (save_result_mapping, ResultMappingBody(rows=tuple(rows)))):
        version = _version(resources, actor, "input" if save is save_input_mapping else "results")
        save(resources, actor, "Lead", body, version)  # type: ignore[operator]


def _version(resources: Resources, actor: Actor, kind: str) -> int | None:
    from lsync_flask.storage.org_bodies import read_mapping

    with resources.database.reading(actor.org_id) as scope:
        stored = read_mapping(scope, kind, "Lead")
    return stored[0] if stored else None


def define(
    resources: Resources, actor: Actor, *criteria: CriterionBody, name: str = "Some leads", logic: str = ""
) -> int:
    body = DefinitionBody(name=name, object="Lead", criteria=list(criteria), logic=logic)
    return save_definition(resources, actor, body)


def start(resources: Resources, actor: Actor, *criteria: CriterionBody) -> int:
    return run_activity(resources, actor, define(resources, actor, *criteria))


def carry_on(resources: Resources, activity_id: int, org_id: str, seconds: float = 60) -> ActivityRow:
    """Give the activity turns until it has ended or paused."""
    ledger = Ledger(resources.database, org_id)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        drain(resources, activity_id, threading.Event(), slice_s=10)
        row = ledger.read_activity(activity_id)
        if row.status not in {"Queued", "Selecting", "Running", "Cancelling"}:
            return row
        time.sleep(0.05)
    return ledger.read_activity(activity_id)
