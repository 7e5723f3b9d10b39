"""The main job without a browser, through the doors that a browser uses: a signed request, pages and the JSON API."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.parse import urlencode

import jwt
import requests

from lsync_flask.demo.set_up import user_with
from lsync_flask.engine.fields import FieldInfo, ObjectInfo
from lsync_flask.engine.status import ENDED
from lsync_flask.engine.values import parse_text, same_value
from lsync_flask.errors import FatalError
from lsync_flask.salesforce.describe import object_info
from lsync_flask.services.access import PERMISSION_SETS

API = "/services/data/v67.0"
TIMEOUT_S = 120
POLL_S = 0.5
CHECKED = 2_000
"""Written records that are read back one by one; that every record was reached is asked of the org for all of them."""
MAIL_WAIT_S = 30


@dataclass(frozen=True)
class Summary:
    """contract.md §5."""

    activity: int
    status: str
    records: int
    written: int
    unchanged: int
    not_matched: int
    failed: int
    bulks: int
    api_calls: int
    credits: int
    seconds: float
    records_per_second: float
    mails: int
    checked_in_org: bool

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def is_good(self) -> bool:
        return self.status == "Success" and self.checked_in_org


class Tab:
    """One user's tab: signed in by a real signed request, and from then on a session."""

    def __init__(self, web_url: str, org: Mapping[str, Any], permission_set: str) -> None:
        self._web_url = web_url
        self._http = requests.Session()
        self.user = user_with(org, permission_set)
        self.org = OrgDoor(org, self.user)
        answer = self._http.post(
            f"{web_url}/canvas", data={"signed_request": self.org.signed_request()}, timeout=TIMEOUT_S
        )
        found = re.search(r'<meta name="lsync-session" content="([^"]+)"', answer.text)
        if not answer.ok or found is None:
            raise FatalError(f"The signed request was not accepted: {answer.status_code}.")
        self._http.headers["Authorization"] = f"Bearer {found.group(1)}"

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Raises FatalError with the API's own sentence."""
        answer = self._http.request(method, f"{self._web_url}/api/v1/{path}", json=body, timeout=TIMEOUT_S)
        if not answer.ok:
            raise FatalError(f"{method} {path}: {_detail(answer)}")
        return answer.json() if answer.content else None


def _detail(answer: requests.Response) -> str:
    try:
        problem = answer.json()
    except ValueError:
        return f"status {answer.status_code}"
    return f"{problem.get('title', '')}: {problem.get('detail', '')} {problem.get('errors') or ''}"


class OrgDoor:
    """The org as one of its users, by the org's own doors."""

    def __init__(self, org: Mapping[str, Any], user: Mapping[str, Any]) -> None:
        self._org = org
        self._http = requests.Session()
        self.token = self._token(user["username"])
        self._http.headers["Authorization"] = f"Bearer {self.token}"

    def _token(self, username: str) -> str:
        claims = {
            "iss": self._org["consumer_key"],
            "sub": username,
            "aud": self._org["org_url"],
            "exp": datetime.now(UTC) + timedelta(minutes=2),
        }
        assertion = jwt.encode(claims, Path(self._org["jwt_private_key_file"]).read_text(), algorithm="RS256")
        grant = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
        answer = requests.post(f"{self._org['org_url']}/services/oauth2/token", data=grant, timeout=TIMEOUT_S)
        if not answer.ok:
            raise FatalError(f"No token for {username}: {answer.text[:200]}")
        return str(answer.json()["access_token"])

    def signed_request(self) -> str:
        """A fresh one, asked for as Salesforce's own page does."""
        url = f"{self._org['org_url']}{API}/platformconnect/signedrequest?canvas=LSync"
        answer = self._http.put(url, json=_frame(self._org), timeout=TIMEOUT_S)
        answer.raise_for_status()
        return str(answer.json()["response"])

    def describe(self, object_name: str) -> ObjectInfo:
        answer = self._http.get(f"{self._org['org_url']}{API}/sobjects/{object_name}/describe", timeout=TIMEOUT_S)
        answer.raise_for_status()
        return object_info(answer.json())

    def create_field(self, object_name: str, field: str, kind: Mapping[str, Any], permission_set: str) -> None:
        """A custom field of this kind, such as `{"type": "Text", "length": 80}`, which holders of the set may edit."""
        label = field.removesuffix("__c").replace("_", " ")
        body = {"FullName": f"{object_name}.{field}", "Metadata": {"label": label, **kind}}
        self._post("tooling/sobjects/CustomField", body)
        soql = f"SELECT Id FROM PermissionSet WHERE Name = '{permission_set}'"  # noqa: S608 - our own names
        right = {"SobjectType": object_name, "Field": f"{object_name}.{field}", "ParentId": self.query(soql)[0]["Id"]}
        self._post("sobjects/FieldPermissions", {**right, "PermissionsRead": True, "PermissionsEdit": True})

    def _post(self, path: str, body: Mapping[str, Any]) -> None:
        answer = self._http.post(f"{self._org['org_url']}{API}/{path}", json=body, timeout=TIMEOUT_S)
        if not answer.ok:
            raise FatalError(f"{path}: {answer.text[:200]}")

    def query(self, soql: str) -> list[Mapping[str, Any]]:
        return [record for page in self._pages(soql) for record in page["records"]]

    def count(self, soql: str) -> int:
        return int(next(self._pages(soql))["totalSize"])

    def _pages(self, soql: str) -> Iterator[Mapping[str, Any]]:
        path: str | None = f"{API}/query?{urlencode({'q': soql})}"
        while path:
            answer = self._http.get(f"{self._org['org_url']}{path}", timeout=TIMEOUT_S)
            answer.raise_for_status()
            page = answer.json()
            yield page
            path = page.get("nextRecordsUrl")


def _frame(org: Mapping[str, Any]) -> dict[str, Any]:
    """What Salesforce's page knows of the frame, and hands over to be signed."""
    dimensions = {"width": "100%", "height": "900px", "maxWidth": "1000px", "maxHeight": "2000px"}
    environment = {
        "dimensions": {**dimensions, "clientWidth": "1000px", "clientHeight": "900px"},
        "parameters": {},
        "displayLocation": "Aura",
        "sublocation": None,
        "record": {},
    }
    client = {"targetOrigin": org["org_url"], "instanceId": "_:LSync:1:0:canvasapp"}
    return {"canvasRequest": {"context": {"environment": environment}, "client": client}}


def run_main_job(
    web_url: str, org: Mapping[str, Any], watch: Callable[[], None], definition: str = "All open leads"
) -> Summary:
    """Sign in, count, run, wait for the end and the mail, and check in the org what the activity says.

    `watch` is called all the while: it restarts what has died, and raises when that is of no use.
    """
    tab = Tab(web_url, org, PERMISSION_SETS["admin"])
    found = next(one for one in _definitions(tab) if one["name"] == definition)
    tab.call("POST", f"definitions/{found['id']}/count")
    began = monotonic()
    activity_id = tab.call("POST", f"definitions/{found['id']}/run")["activity"]
    activity = _await_end(tab, activity_id, watch)
    seconds = monotonic() - began
    return _summary(tab, org, activity, seconds)


def _definitions(tab: Tab) -> Sequence[Mapping[str, Any]]:
    answer = tab.call("GET", "definitions")
    found: Sequence[Mapping[str, Any]] = answer["definitions"] if isinstance(answer, dict) else answer
    return found


def _await_end(tab: Tab, activity_id: int, watch: Callable[[], None]) -> Mapping[str, Any]:
    while True:
        watch()
        activity: Mapping[str, Any] = tab.call("GET", f"activities/{activity_id}")
        if activity["status"] in ENDED:
            return activity
        if activity["status"] == "Paused" and not activity.get("resume_at"):
            raise FatalError(f"The activity is paused: {activity['reason']}")
        sleep(POLL_S)


def _summary(tab: Tab, org: Mapping[str, Any], activity: Mapping[str, Any], seconds: float) -> Summary:
    counts = activity["counts"]
    records = sum(counts.values())
    return Summary(
        activity=activity["id"],
        status=activity["status"],
        records=records,
        written=counts.get("written", 0),
        unchanged=counts.get("unchanged", 0),
        not_matched=counts.get("not_matched", 0),
        failed=counts.get("failed", 0) + counts.get("rejected", 0),
        bulks=sum(activity["bulks"].values()),
        api_calls=activity["api_calls"],
        credits=activity["credits"],
        seconds=round(seconds, 2),
        records_per_second=round(records / seconds, 1) if seconds else 0.0,
        mails=_await_mails(org, activity["id"]),
        checked_in_org=_is_in_org(tab, activity, records),
    )


def is_about(text: str, activity_id: int) -> bool:
    """Does a mail's text link to this activity, in the org's tab?"""
    return re.search(rf"c__activity={activity_id}\b", text) is not None


def _await_mails(org: Mapping[str, Any], activity_id: int) -> int:
    """Mails about this activity that the mail sink has received."""
    end = monotonic() + MAIL_WAIT_S
    while True:
        mails = requests.get(f"{org['control_url']}/mails", timeout=TIMEOUT_S).json()
        mails = mails["mails"] if isinstance(mails, dict) else mails
        about = [mail for mail in mails if is_about(mail.get("text", ""), activity_id)]
        if about or monotonic() > end:
            return len(about)
        sleep(POLL_S)


def _is_in_org(tab: Tab, activity: Mapping[str, Any], records: int) -> bool:
    """True when the org itself, asked through REST, holds what the activity says it has written."""
    name = activity["object"]
    started = _soql_time(activity["started_at"])
    date = tab.org.describe(name).get("LSync_Last_Activity_Date__c").name
    reached = tab.org.count(f"SELECT COUNT() FROM {name} WHERE {date} >= {started}")  # noqa: S608 - our own names
    skipped = activity["counts"].get("skipped", 0)
    return reached >= records - skipped and _values_are_there(tab, activity, tab.org.describe(name))


def _values_are_there(tab: Tab, activity: Mapping[str, Any], info: ObjectInfo) -> bool:
    wanted = _written_values(tab, activity["id"])
    ids = list(wanted)
    for place in range(0, len(ids), 200):
        chunk = ids[place : place + 200]
        fields = sorted({field for record in chunk for field in wanted[record]})
        quoted = ", ".join(f"'{record}'" for record in chunk)
        soql = f"SELECT Id, {', '.join(fields)} FROM {info.name} WHERE Id IN ({quoted})"  # noqa: S608 - our own names
        found = {record["Id"]: record for record in tab.org.query(soql)}
        if not all(_holds(found.get(record, {}), wanted[record], info) for record in chunk):
            return False
    return bool(ids) or not activity["counts"].get("written")


def _written_values(tab: Tab, activity_id: int) -> dict[str, dict[str, str | None]]:
    """By record: the fields that the outcomes call written, with their values."""
    wanted: dict[str, dict[str, str | None]] = {}
    after = ""
    while len(wanted) < CHECKED:
        page = tab.call("GET", f"activities/{activity_id}/outcomes?fate=written&limit=200&after={after}")
        for outcome in page["outcomes"]:
            written = {field["field"]: field["proposed"] for field in outcome["fields"] if field["written"]}
            wanted[outcome["record"]] = written
        after = page["next"]
        if not after:
            break
    return wanted


def _holds(record: Mapping[str, Any], wanted: Mapping[str, str | None], info: ObjectInfo) -> bool:
    return bool(record) and all(_is_same(info.get(name), record[name], text) for name, text in wanted.items())


def _is_same(field: FieldInfo, found: Any, wanted: str | None) -> bool:
    spelled = None if found is None else str(found).lower() if isinstance(found, bool) else str(found)
    return same_value(field, parse_text(field.type, spelled), parse_text(field.type, wanted))


def _soql_time(started_at: Any) -> str:
    """The start as SOQL spells it; the activity date is kept in whole seconds."""
    moment = (
        datetime.fromtimestamp(started_at, UTC)
        if isinstance(started_at, int | float)
        else datetime.fromisoformat(started_at)
    )
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
