"""The Leadspace provider against the local v4 service, its refusals and its faults."""

from urllib.parse import urlsplit

import pytest

from lsync_flask.errors import FatalError, LimitReached, OutcomeUnknown, RetryableError
from lsync_flask.outbound import GuardedHttp
from lsync_flask.plugin_api import Answers, Call, HttpReply, Inquiry, Ticket, build
from lsync_flask.plugin_testing import FakeHttp, ProviderTests, json_reply
from lsync_flask.providers.leadspace import Leadspace
from lsync_flask.providers.leadspace_answers import read_answer
from lsync_flask.simulator.serve import SimulatorOptions, open_simulator

from .gateway import Losing, paid, set_service

KNOWN = Inquiry("00Q000000000001AAA", {"company.name": "Siemens AG", "person.email": "ada@siemens.com"})
UNKNOWN = Inquiry("00Q000000000002AAA", {"company.name": "No Such Firm Ltd"})


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with open_simulator(SimulatorOptions(records=10, folder=tmp_path_factory.mktemp("service"))) as line:
        yield line


@pytest.fixture
def org(service):
    set_service(service, bulk_ms=0, calls_per_s=100_000, credits_left=None, internal_errors=0, backlog=100_000)
    return service


@pytest.fixture
def http(org):
    return GuardedHttp(frozenset({urlsplit(org["provider_url"]).netloc}), None)


@pytest.fixture
def params(org):
    return {"url": org["provider_url"], "key": org["provider_key"]}


class TestLeadspace(ProviderTests):
    plugin = Leadspace
    inquiries = (KNOWN, UNKNOWN, Inquiry("00Q000000000003AAA", {"company.website": "https://www.sap.com"}))

    @pytest.fixture(autouse=True)
    def _to_the_service(self, http, params, monkeypatch):
        monkeypatch.setattr(type(self), "http", http)
        monkeypatch.setattr(type(self), "params", params)


def ask(provider, http, *inquiries, key="call-1"):
    reply = provider.submit(Call(key, inquiries), http)
    for _ in range(200):
        if isinstance(reply, Answers):
            return {answer.key: answer for answer in reply.answers}
        reply = provider.collect(reply, http)
    raise AssertionError("no answers")


def test_a_company_comes_with_its_facts_and_a_confidence(http, params):
    answer = ask(build(Leadspace, params), http, KNOWN, UNKNOWN)[KNOWN.key]

    assert answer.matched
    assert answer.values["company.name"] == "Siemens"
    assert answer.values["company.employees.exact"] > 100_000
    assert answer.values["company.employees.range"] == "10,000+"
    assert (answer.values["company.matching_confidence.level"], answer.confidence) == ("MEDIUM", 70)


def test_a_bulk_that_is_not_ready_is_asked_for_later_and_ever_more_seldom(org, http, params):
    set_service(org, bulk_ms=600_000)
    provider = build(Leadspace, params)

    tickets = [provider.submit(Call("call-1", [KNOWN]), http)]
    for _ in range(30):
        tickets.append(provider.collect(tickets[-1], http))

    waits = [ticket.after_s for ticket in tickets]
    assert all(isinstance(ticket, Ticket) for ticket in tickets)
    assert waits == sorted(waits)
    assert waits[0] < 1
    assert waits[-1] == 30


def test_a_program_signs_in_once_and_again_when_its_token_is_refused(org, http, params):
    recording = Losing(http)
    provider = build(Leadspace, {**params, "program": org["provider_program"]})

    for _ in range(3):
        ask(provider, recording, KNOWN)
    provider._token = ("spent", provider._token[1], provider._token[2])
    ask(provider, recording, KNOWN)

    signed_in = [line for line in recording.sent if line.endswith("/oauth/authorize")]
    assert [line.split()[0] for line in signed_in] == ["POST", "PUT"]


def test_the_check_says_if_the_key_is_right_and_buys_nothing(org, http, params):
    before = paid(org)

    assert build(Leadspace, params).check(http) == "Leadspace accepts the key."
    with pytest.raises(FatalError, match="does not accept the key"):
        build(Leadspace, {**params, "key": "wrong"}).check(http)
    with pytest.raises(FatalError, match="does not know the program"):
        build(Leadspace, {**params, "program": "NOBODY"}).check(http)

    assert paid(org) == before


def test_no_credits_pause_the_activity_and_never_fail_it(org, http, params):
    set_service(org, credits_left=0)

    with pytest.raises(LimitReached) as limit:
        ask(build(Leadspace, params), http, KNOWN)

    assert limit.value.reason == "credits"


def test_credits_that_end_within_a_bulk_leave_the_rest_to_be_asked_again(org, http, params):
    set_service(org, credits_left=1)

    answers = ask(build(Leadspace, params), http, KNOWN, Inquiry("2", {"company.name": "SAP SE"}))

    left = [answer for answer in answers.values() if not answer.matched]
    assert len(left) == 1
    assert (left[0].error_code, left[0].may_retry) == ("NO_CREDITS", True)


@pytest.mark.parametrize("settings", [{"calls_per_s": 0}, {"backlog": 0}])
def test_a_full_service_pauses_the_activity(org, http, params, settings):
    set_service(org, **settings)

    with pytest.raises(LimitReached) as limit:
        ask(build(Leadspace, params), http, KNOWN)

    assert limit.value.reason == "provider-limit"


def test_what_failed_on_their_side_may_be_asked_again_and_a_bad_input_not(org, http, params):
    set_service(org, internal_errors=1)

    answers = ask(build(Leadspace, params), http, KNOWN, Inquiry("bad", {"person.first_name": "Ada"}))

    assert (answers[KNOWN.key].error_code, answers[KNOWN.key].may_retry) == ("LEADSPACE_1100", True)
    assert (answers["bad"].error_code, answers["bad"].may_retry) == ("LEADSPACE_1200", False)


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_gateway_that_fails_may_have_taken_the_bulk(status):
    provider = build(Leadspace, {"key": "k"})

    with pytest.raises(OutcomeUnknown):
        provider.submit(Call("call-1", [KNOWN]), FakeHttp(lambda _request: HttpReply(status, {}, b"")))


def test_a_lost_question_for_the_answers_is_asked_again_without_cost(org, http, params):
    provider = build(Leadspace, params)
    ticket = provider.submit(Call("lost", [Inquiry("lost-1", dict(KNOWN.inputs))]), http)

    with pytest.raises(RetryableError) as error:
        provider.collect(ticket, Losing(http, ("GET *", {1})))
    answers = provider.collect(ticket, http)

    assert not isinstance(error.value, OutcomeUnknown)
    assert answers.answers[0].matched
    assert paid(org)["lost-1"] == 1


def test_a_bulk_that_they_have_forgotten_is_named_as_perhaps_paid(http, params):
    ticket = Ticket('["/v3/enrichment/results/none",0,["a","b"]]', 0)

    answers = build(Leadspace, params).collect(ticket, http).answers

    assert {(answer.key, answer.error_code) for answer in answers} == {("a", "CHARGE_UNKNOWN"), ("b", "CHARGE_UNKNOWN")}


@pytest.mark.parametrize("path", ["https://evil.example.com/x", "//evil.example.com", "/v3/enrichment/results/../x", 5])
def test_where_the_answers_are_is_never_an_address_of_theirs(path):
    provider = build(Leadspace, {"key": "k"})

    with pytest.raises(OutcomeUnknown):
        provider.submit(Call("call-1", [KNOWN]), FakeHttp(lambda _request: json_reply({"id": path}, 202)))


def test_lists_family_and_personas_are_read():
    company = {
        "specialties": ["a", "b"],
        "family_tree": {"companies": [{"type": "GU", "name": "Holding", "address": {"city": "Bonn"}}, "odd"]},
    }
    person = {"analytics": {"scores": [{"profile_name": "Buyer", "score": {"value": 71, "bucket": "B"}}]}}
    data = {"enrichment_status": "Person & Company Enriched", "company": company, "person": person}

    answer = read_answer({"status": "Success", "external_id": "1", "data": data}, ("buyer",))

    assert answer.values["company.specialties"] == ["a", "b"]
    assert answer.values["company.family_tree.gu.name"] == "Holding"
    assert answer.values["company.family_tree.gu.address.city"] == "Bonn"
    assert (answer.values["score.buyer.value"], answer.values["score.buyer.bucket"]) == (71, "B")


def test_the_catalogue_names_each_field_with_its_type():
    outputs = build(Leadspace, {"key": "k", "personas": "Buyer, User"}).catalogue().outputs

    assert len(outputs) >= 150
    types = {field.name: field.type for field in outputs}
    assert types["company.employees.exact"] == "int"
    assert types["person.level"] == "picklist"
    assert types["score.Buyer.value"] == "int"
