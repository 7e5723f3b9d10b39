"""The http-json provider against the local JSON service, and what it refuses."""

import json
from urllib.parse import urlsplit

import pytest

from lsync_flask.errors import FatalError, InvalidParams, LimitReached, OutcomeUnknown
from lsync_flask.outbound import GuardedHttp
from lsync_flask.plugin_api import Answers, Call, HttpReply, Inquiry, build
from lsync_flask.plugin_testing import FakeHttp, ProviderTests, json_reply
from lsync_flask.providers.http_json import HttpJson
from lsync_flask.simulator.serve import SimulatorOptions, open_simulator
from lsync_flask.web.param_forms import params_of

from .gateway import Losing, paid, set_service

SERVICE = {
    "headers": "Authorization: Bearer {secret}",
    "inputs": "company: Company\nwebsite\nemail",
    "record": '{"key": "{id}", "company": "{company}", "website": "{website}", "email": "{email}"}',
    "result_id": "key",
    "matched": "matched",
    "confidence": "confidence",
    "error": "error.message",
    "credits": "credits",
    "outputs": "name = values.name\nindustry = values.industry\nemployees (int) = values.employees\ncity = values.city",
    "idempotency_header": "Idempotency-Key",
}
KNOWN = Inquiry("00Q000000000001AAA", {"company": "Siemens AG"})


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with open_simulator(SimulatorOptions(records=10, folder=tmp_path_factory.mktemp("service"))) as line:
        yield line


@pytest.fixture
def org(service):
    set_service(service, credits_left=None, json_calls_per_s=None)
    return service


@pytest.fixture
def http(org):
    return GuardedHttp(frozenset({urlsplit(org["provider_url"]).netloc}), None)


@pytest.fixture
def params(org):
    at = org["provider_url"]
    return {**SERVICE, "url": f"{at}/v1/enrich", "check_url": f"{at}/v1/account", "secret": org["provider_key"]}


class TestHttpJson(ProviderTests):
    plugin = HttpJson
    inquiries = (KNOWN, Inquiry("2", {"company": "No Such Firm"}), Inquiry("3", {"website": "https://www.sap.com"}))

    @pytest.fixture(autouse=True)
    def _to_the_service(self, http, params, monkeypatch):
        monkeypatch.setattr(type(self), "http", http)
        monkeypatch.setattr(type(self), "params", params)


def one_by_one(request):
    domain = request.url.rpartition("=")[2]
    return json_reply({"data": {"size": 7, "name": domain}}) if domain != "none" else HttpReply(404, {}, b"")


SINGLE = {
    "url": "https://api.example.com/v1?domain={domain}",
    "method": "GET",
    "inputs": "domain*",
    "body": "null",
    "results": "data",
    "outputs": "size (int) = size\nname = name",
}


class TestOneByOne(ProviderTests):
    plugin = HttpJson
    params = SINGLE
    inquiries = (Inquiry("1", {"domain": "example.com"}),)
    http = FakeHttp(one_by_one)


def test_the_service_is_read_as_described(http, params):
    reply = build(HttpJson, params).submit(Call("call-1", [KNOWN]), http)

    (answer,) = reply.answers
    assert answer.values["name"] == "Siemens"
    assert answer.values["employees"] > 100_000
    assert answer.confidence is not None
    assert reply.credits == 1


def test_a_call_whose_reply_was_lost_is_paid_once(org, http, params):
    provider, call = build(HttpJson, params), Call("lost-1", [Inquiry("lost-1", dict(KNOWN.inputs))])
    losing = Losing(http, ("POST *", {1}))

    with pytest.raises(OutcomeUnknown):
        provider.submit(call, losing)
    reply = provider.submit(call, losing)

    assert reply.answers[0].matched
    assert paid(org)["lost-1"] == 1


def test_limits_pause_and_a_wrong_secret_stops(org, http, params):
    provider = build(HttpJson, params)

    set_service(org, credits_left=0)
    with pytest.raises(LimitReached) as limit:
        provider.submit(Call("c-1", [KNOWN]), http)
    assert limit.value.reason == "credits"
    with pytest.raises(FatalError, match="does not accept the secret"):
        build(HttpJson, {**params, "secret": "wrong"}).submit(Call("c-2", [KNOWN]), http)
    assert provider.check(http) == "The service accepts the secret."


def test_an_internal_address_is_not_called(params):
    provider = build(HttpJson, {**params, "url": "https://127.0.0.1:1/x"})

    with pytest.raises(FatalError, match="internal address"):
        provider.submit(Call("c-1", [KNOWN]), GuardedHttp(frozenset(), None))


def test_a_value_cannot_change_the_form_of_the_request():
    http = FakeHttp(one_by_one)
    provider = build(HttpJson, SINGLE)

    provider.submit(Call("c-1", [Inquiry("1", {"domain": 'a&b=c/../x?#"\r\nHost: y'})]), http)

    assert http.requests[0].url == "https://api.example.com/v1?domain=a%26b%3Dc%2F..%2Fx%3F%23%22%0D%0AHost%3A%20y"


def test_the_body_is_filled_in_and_blank_inputs_are_null():
    sent = []

    def serve(request):
        sent.append(json.loads(request.body))
        return json_reply({"results": [{"id": "1", "n": 1}]})

    params = {
        "url": "https://api.example.com",
        "inputs": "web\nname",
        "body": '{"options": {"fast": true}, "records": "{records}"}',
        "record": '{"id": "{id}", "web": "{web}", "label": "Firm {name}!"}',
        "result_id": "id",
        "outputs": "n (int) = n",
    }

    build(HttpJson, params).submit(Call("c-1", [Inquiry("1", {"name": '"}'})]), FakeHttp(serve))

    assert sent == [{"options": {"fast": True}, "records": [{"id": "1", "web": None, "label": 'Firm "}!'}]}]


def test_results_without_ids_go_by_order_and_only_when_none_is_missing():
    params = {"url": "https://api.example.com", "inputs": "web", "outputs": "n = n"}
    inquiries = [Inquiry("1", {"web": "a"}), Inquiry("2", {"web": "b"})]

    whole = FakeHttp(lambda _request: json_reply({"results": [{"n": "x"}, {"n": "y"}]}))
    reply = build(HttpJson, params).submit(Call("c-1", inquiries), whole)
    short = FakeHttp(lambda _request: json_reply({"results": [{"n": "y"}]}))
    with pytest.raises(OutcomeUnknown, match="1 results for 2 records"):
        build(HttpJson, params).submit(Call("c-1", inquiries), short)

    assert isinstance(reply, Answers)
    assert [(one.key, one.values) for one in reply.answers] == [("1", {"n": "x"}), ("2", {"n": "y"})]


@pytest.mark.parametrize(("status", "code"), [(404, None), (422, "HTTP_422")])
def test_a_record_that_is_refused_alone_costs_no_other(status, code):
    reply = build(HttpJson, SINGLE).submit(
        Call("c-1", [Inquiry("1", {"domain": "x"})]), FakeHttp(lambda _request: HttpReply(status, {}, b""))
    )

    assert [(one.matched, one.error_code) for one in reply.answers] == [(False, code)]


@pytest.mark.parametrize(
    ("changes", "repeats"),
    [({}, "none"), ({"asking_again": "is free"}, "natural"), ({"idempotency_header": "X-Key"}, "key")],
)
def test_what_asking_again_costs_is_said_by_the_settings(changes, repeats):
    assert build(HttpJson, {**SINGLE, **changes}).repeats() == repeats


@pytest.mark.parametrize(
    ("changes", "name", "says"),
    [
        ({"url": "ftp://x"}, "url", "match pattern"),
        ({"url": "https://{domain}/x"}, "url", "match pattern"),
        ({"inputs": "two words"}, "inputs", "“two words” is no input"),
        ({"inputs": "id"}, "inputs", "cannot be names"),
        ({"inputs": "a\na"}, "inputs", "a is there 2 times"),
        ({"outputs": "size"}, "outputs", "“size” is no output"),
        ({"outputs": "size (float) = x"}, "outputs", "“float” is no type"),
        ({"outputs": "size = a.["}, "outputs", "no JMESPath"),
        ({"body": "{"}, "body", "This is no JSON"),
        ({"headers": "no colon"}, "headers", "“no colon” is no header"),
        ({"headers": "Key: {secret}"}, "", "no secret is set"),
        ({"url": "https://x.example.com/{other}"}, "", "no input other"),
        ({"body": '["{records}"]'}, "", "no placeholder when all records"),
    ],
)
def test_settings_that_cannot_work_are_refused_with_the_reason(changes, name, says):
    with pytest.raises(InvalidParams) as refused:
        build(HttpJson, {**SINGLE, **changes})

    assert says in refused.value.problems[name]


def test_what_is_written_in_lines_has_room_for_them_in_the_form():
    controls = {one.name: one.control for one in params_of(HttpJson, {})}

    lines = {name for name, control in controls.items() if control == "lines"}
    assert lines == {"headers", "inputs", "body", "record", "outputs"}
    assert (controls["secret"], controls["method"], controls["per_call"]) == ("secret", "choices", "number")
