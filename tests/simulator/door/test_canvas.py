"""The signed request as the page posts it, checked by an HMAC of the test's own."""

import base64
import hashlib
import hmac
import html
import json
import re
from datetime import datetime
from typing import Any
from urllib.parse import quote

import pytest
import requests

CONTEXT = {
    "user": [
        "userId", "userName", "firstName", "lastName", "email", "fullName", "locale", "language", "timeZone",
        "profileId", "roleId", "userType", "currencyISOCode", "profilePhotoUrl", "profileThumbnailUrl", "siteUrl",
        "siteUrlPrefix", "networkId", "accessibilityModeEnabled", "isDefaultNetwork",
    ],
    "links": [
        "loginUrl", "enterpriseUrl", "metadataUrl", "partnerUrl", "restUrl", "sobjectUrl", "searchUrl", "queryUrl",
        "recentItemsUrl", "chatterFeedsUrl", "chatterGroupsUrl", "chatterUsersUrl", "chatterFeedItemsUrl", "userUrl",
    ],
    "application": [
        "name", "canvasUrl", "applicationId", "version", "authType", "referenceId", "options", "samlInitiationMethod",
        "isInstalledPersonalApp", "developerName", "namespace",
    ],
    "organization": ["organizationId", "name", "multicurrencyEnabled", "namespacePrefix", "currencyIsoCode"],
    "environment": [
        "referer", "locationUrl", "displayLocation", "sublocation", "uiTheme", "dimensions", "parameters", "record",
        "version",
    ],
}  # fmt: skip


def open_page(door, user: str = "ada.lindgren", **query: str) -> str:
    params = {"user": door.user(user)["username"], **query}
    answer = requests.get(door.line["lightning_url"], params=params, timeout=60)
    assert answer.status_code == 200
    return answer.text


def posted(page: str) -> str:
    return html.unescape(re.search(r'name="signed_request" value="([^"]+)"', page)[1])


def verified(door, raw: str) -> dict[str, Any]:
    signature, payload = raw.split(".")
    mac = hmac.new(door.line["consumer_secret"].encode(), payload.encode(), hashlib.sha256).digest()
    assert signature == base64.b64encode(mac).decode()
    text = base64.b64decode(payload, validate=True).decode()
    assert text == json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False), "not compact"
    return json.loads(text)


def put_signed_request(door, token: str, body: Any = None, query: str = "canvas=LSync") -> requests.Response:
    url = f"{door.org_url}/services/data/v67.0/platformconnect/signedrequest?{query}"
    return requests.put(url, json=body or {}, headers={"Authorization": f"OAuth {token}"}, timeout=60)


def test_the_page_posts_a_request_in_the_recorded_order(door):
    request = verified(door, posted(open_page(door)))

    assert list(request) == ["algorithm", "issuedAt", "userId", "client", "context"]
    assert list(request["client"]) == ["refreshToken", "instanceId", "targetOrigin", "instanceUrl", "oauthToken"]
    assert {name: list(part) for name, part in request["context"].items()} == CONTEXT
    assert list(request["context"]) == ["user", "links", "application", "organization", "environment"]
    assert request["algorithm"] == "HMACSHA256"
    assert request["client"]["refreshToken"] is None


def test_ids_are_long_and_short_as_recorded(door):
    request = verified(door, posted(open_page(door)))

    user, application = request["context"]["user"], request["context"]["application"]
    assert [len(request["userId"]), len(user["userId"])] == [18, 18]
    assert request["context"]["organization"]["organizationId"] == door.line["org_id"]
    assert [len(user["profileId"]), len(application["applicationId"]), len(application["referenceId"])] == [15, 15, 15]
    assert request["context"]["links"]["enterpriseUrl"].endswith(door.line["org_id"][:15])


def test_the_issue_time_is_milliseconds_cut_to_32_bits(door):
    now = door.post("/clock", {"advance_s": 0}).json()["now"]

    issued = verified(door, posted(open_page(door)))["issuedAt"]

    assert -(2**31) <= issued < 2**31
    moment = int(datetime.fromisoformat(now).timestamp() * 1000)
    assert (issued - moment) % 2**32 < 5000


def test_the_request_names_the_page_the_org_and_the_app_without_its_fragment(door):
    request = verified(door, posted(open_page(door)))

    origin = door.line["lightning_url"].removesuffix("/lightning/n/LSync")
    assert request["client"]["targetOrigin"] == origin
    assert request["client"]["instanceUrl"] == door.org_url
    assert re.fullmatch(r"_:LSync:\d+:0:canvasapp", request["client"]["instanceId"])
    assert request["context"]["environment"]["displayLocation"] == "Aura"
    assert request["context"]["environment"]["locationUrl"] == door.line["lightning_url"]
    assert request["context"]["application"]["canvasUrl"] == "http://127.0.0.1:8700/canvas?tab=1"


def locate(door, path: str, **query: str) -> dict[str, Any]:
    origin = door.line["lightning_url"].removesuffix("/lightning/n/LSync")
    answer = requests.get(origin + path, params=query, timeout=60)
    assert answer.status_code == 200
    return verified(door, posted(answer.text))


def test_a_visualforce_page_names_itself(door):
    request = locate(door, "/apex/LSync", parameters='{"view": "small"}')

    environment = request["context"]["environment"]
    assert (environment["displayLocation"], environment["sublocation"]) == ("Visualforce", None)
    assert environment["locationUrl"].endswith("/apex/LSync")
    assert environment["parameters"] == {"view": "small"}
    assert request["client"]["instanceId"] == "_:LSync:j_id0:j_id1:canvasapp"


def test_a_record_page_names_its_record(door):
    lead = door.query("ada.lindgren", "SELECT Id FROM Lead LIMIT 1").json()["records"][0]["Id"]

    environment = locate(door, f"/lightning/r/Lead/{lead}/view")["context"]["environment"]

    assert (environment["displayLocation"], environment["sublocation"]) == ("PageLayout", "S1RecordHomeFullview")
    assert environment["record"] == {
        "attributes": {"type": "Lead", "url": f"/services/data/v67.0/sobjects/Lead/{lead}"},
        "Id": lead,
    }


@pytest.mark.parametrize(
    "path", ["/lightning/r/Lead/00QLs000000zzzzAAA/view", "/lightning/r/User/x/view", "/apex/Other"]
)
def test_a_page_that_is_not_there_is_not_found(door, path):
    origin = door.line["lightning_url"].removesuffix("/lightning/n/LSync")

    assert requests.get(origin + path, timeout=60).status_code == 404


def test_an_app_that_wants_get_is_called_by_get(door):
    page = open_page(door, access="get")

    config = json.loads(re.search(r'id="canvas-config">(.*?)</script>', page)[1])
    assert 'name="signed_request" value=""' in page
    assert "loginUrl=http" in config["canvasUrl"]
    assert "_sfdc_canvas_auth" not in config["canvasUrl"]
    assert f"instance_id={quote(config['instanceId'], safe='')}" in config["canvasUrl"]


def test_the_form_targets_the_frame_of_that_instance(door):
    page = open_page(door)

    instance = verified(door, posted(page))["client"]["instanceId"]
    assert f'target="canvas-frame-{instance}"' in page
    assert f'name="canvas-hidden-form-{instance}"' in page
    assert 'action="http://127.0.0.1:8700/canvas?tab=1"' in page


def test_every_load_of_the_page_posts_a_fresh_request(door):
    first, second = posted(open_page(door)), posted(open_page(door))

    assert first != second
    assert verified(door, first)["client"]["oauthToken"] != verified(door, second)["client"]["oauthToken"]


def test_the_token_in_the_request_is_the_users_own(door):
    request = verified(door, posted(open_page(door, "aiko.tanaka")))

    body = door.userinfo(request["client"]["oauthToken"]).json()
    assert body["user_id"] == request["userId"] == door.user("aiko.tanaka")["id"]
    assert body["custom_permissions"] == {"LSync_Auditor": True}


def test_names_with_accents_survive(door):
    assert verified(door, posted(open_page(door, "gustav.aberg")))["context"]["user"]["fullName"] == "Gustav Åberg"


def test_the_switcher_signs_another_user_in(door):
    origin = door.line["lightning_url"].removesuffix("/lightning/n/LSync")
    with requests.Session() as browser:
        answer = browser.post(f"{origin}/switch-user", data={"user": door.user("noah.reid")["id"]}, timeout=60)

        assert verified(door, posted(answer.text))["userId"] == door.user("noah.reid")["id"]


def test_an_inactive_user_cannot_be_signed_in(door):
    answer = requests.get(door.line["lightning_url"], params={"user": door.user("iris.frost")["username"]}, timeout=60)

    assert answer.status_code == 404


def test_a_user_who_is_not_approved_gets_the_self_authorise_address(door, restore):
    restore("noah.reid")
    door.post(f"/users/{door.user('noah.reid')['id']}", {"approved": False})

    page = open_page(door, "noah.reid")

    config = json.loads(re.search(r'id="canvas-config">(.*?)</script>', page, re.DOTALL)[1])
    assert 'name="signed_request" value=""' in page
    assert "&_sfdc_canvas_auth=user_approval_required&loginUrl=http%3A%2F%2F127.0.0.1" in config["canvasUrl"]
    assert "#target_origin=http%3A%2F%2Flocalhost" in config["canvasUrl"]


def test_the_pages_call_for_a_new_request_says_what_the_page_knows(door):
    body = {
        "canvasRequest": {
            "context": {
                "environment": {
                    "dimensions": {"height": "700px", "clientWidth": "1250px"},
                    "displayLocation": "PageLayout",
                    "sublocation": "S1RecordHomeFullview",
                    "parameters": {"mode": "one"},
                    "record": {"Id": "001000000000001AAA"},
                }
            },
            "client": {"targetOrigin": "http://localhost:1", "instanceId": "_:LSync:1:0:canvasapp"},
        }
    }

    answer = put_signed_request(door, door.token("ada.lindgren"), body).json()

    request = verified(door, answer["response"])
    assert answer["canvasRequest"] is None
    assert answer["auxiliary"]["appApprovalType"] == "ADMIN_APPROVED"
    assert request["client"]["targetOrigin"] == "http://localhost:1"
    assert request["client"]["instanceId"] == "_:LSync:1:0:canvasapp"
    environment = request["context"]["environment"]
    assert environment["displayLocation"] == "PageLayout"
    assert environment["parameters"] == {"mode": "one"}
    url = "/services/data/v67.0/sobjects/Account/001000000000001AAA"
    assert environment["record"] == {"attributes": {"type": "Account", "url": url}, "Id": "001000000000001AAA"}
    assert environment["dimensions"]["height"] == "700px"


@pytest.mark.parametrize("query", ["canvas=Other", "", "referenceId=09H000000000000"])
def test_an_unknown_canvas_app_is_not_found(door, query):
    answer = put_signed_request(door, door.token("ada.lindgren"), query=query)

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (404, "APP_NOT_FOUND")


def test_the_app_is_also_found_by_its_reference(door):
    answer = put_signed_request(door, door.token("ada.lindgren"), query="referenceId=09HLS000000000G")

    assert answer.status_code == 200


def test_a_dead_session_gets_no_signed_request(door):
    answer = put_signed_request(door, "00D!AQdead")

    assert answer.status_code == 401
    assert answer.json() == [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]


def test_the_page_loads_nothing_from_elsewhere(door):
    page = open_page(door)

    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert loaded
    assert all(address.startswith("/") for address in loaded)
    policy = requests.get(door.line["lightning_url"], timeout=60).headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-src 'self' http://127.0.0.1:8700;" in policy


def test_sizes_of_the_frame_can_be_asked_for_in_the_address(door):
    page = open_page(door, maxHeight="2000px", maxWidth='"><script>')

    dimensions = verified(door, posted(page))["context"]["environment"]["dimensions"]
    assert dimensions["maxHeight"] == "2000px"
    assert dimensions["maxWidth"] == "infinite"
