"""List views: which there are, what they ask for, their rows; and the scope of a statement."""

import pytest


def views(house, name="Lead"):
    told = house.ask("GET", f"/sobjects/{name}/listviews").get_json()
    assert set(told) == {"done", "listviews", "nextRecordsUrl", "size", "sobjectType"}
    return {view["developerName"]: view for view in told["listviews"]}


def test_each_object_has_its_views(house):
    found = views(house)

    view = found["AllOpenLeads"]
    url = f"/services/data/v67.0/sobjects/Lead/listviews/{view['id']}"
    assert view == {
        "describeUrl": f"{url}/describe",
        "developerName": "AllOpenLeads",
        "id": view["id"],
        "label": "All Open Leads",
        "resultsUrl": f"{url}/results",
        "soqlCompatible": True,
        "url": url,
    }
    assert view["id"].startswith("00B")
    assert house.ask("GET", url).get_json() == view
    ids = [one["id"] for name in ("Lead", "Contact", "Account") for one in views(house, name).values()]
    assert len(set(ids)) == len(ids) == 7


def test_a_view_tells_its_columns_its_conditions_and_a_statement_that_runs(house, add_leads):
    add_leads({"LastName": "Open"}, {"LastName": "Gone", "IsConverted": True})

    told = house.ask("GET", views(house)["AllOpenLeads"]["describeUrl"]).get_json()

    assert set(told) == {
        "columns", "id", "orderBy", "query", "relatedEntityId", "scope", "scopeEntityId", "sobjectType", "whereCondition",
    }  # fmt: skip
    assert [column["fieldNameOrPath"] for column in told["columns"]] == [
        "Name", "Company", "State", "Email", "Status", "Owner.Alias", "Id", "CreatedDate", "LastModifiedDate",
        "SystemModstamp",
    ]  # fmt: skip
    assert told["whereCondition"] == {
        "conditions": [{"field": "IsConverted", "operator": "equals", "values": ["FALSE"]}],
        "conjunction": "and",
    }
    assert [row["Name"] for row in house.query(told["query"])] == ["Open"]


def test_the_rows_of_a_view_are_texts(house, add_leads):
    (lead,) = add_leads({"LastName": "Open", "City": "Rome"})

    told = house.ask("GET", views(house)["AllOpenLeads"]["resultsUrl"]).get_json()

    assert (told["size"], told["done"], told["label"]) == (1, True, "All Open Leads")
    cells = {cell["fieldNameOrPath"]: cell["value"] for cell in told["records"][0]["columns"]}
    assert (cells["Id"], cells["Name"], cells["Email"]) == (lead, "Open", None)
    assert cells["CreatedDate"] == "Mon Nov 23 09:30:00 GMT 2026"


def test_rows_come_in_pages(house, add_leads):
    add_leads(*({"LastName": f"L{number:02}"} for number in range(30)))
    url = views(house)["AllOpenLeads"]["resultsUrl"]

    sizes = [house.ask("GET", f"{url}{query}").get_json()["size"] for query in ("", "?limit=7", "?limit=20&offset=20")]

    assert sizes == [25, 7, 10]


def test_ones_own_are_ones_own(house, add_leads):
    add_leads({"LastName": "Mine", "OwnerId": house.plain.id, "IsUnreadByOwner": True}, {"IsUnreadByOwner": True})

    told = house.ask("GET", views(house)["MyUnreadLeads"]["resultsUrl"], "plain").get_json()
    rows = house.query("SELECT LastName FROM Lead USING SCOPE mine", "plain")

    assert told["size"] == 1
    assert [row["LastName"] for row in rows] == ["Mine"]
    assert len(house.query("SELECT Id FROM Lead USING SCOPE everything", "plain")) == 2
    assert house.refusal("SELECT Id FROM Lead USING SCOPE team")[:2] == (400, "INVALID_QUERY_SCOPE")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/sobjects/Nothing/listviews", (404, "NOT_FOUND")),
        ("/sobjects/Lead/listviews/00B000000000000EAA", (404, "NOT_FOUND")),
        ("/sobjects/Lead/listviews/{id}/results?limit=2001", (400, "INVALID_PARAMETER_VALUE")),
        ("/sobjects/Lead/listviews/{id}/results?offset=x", (400, "INVALID_PARAMETER_VALUE")),
    ],
)
def test_what_is_not_there_is_refused(house, path, expected):
    answer = house.ask("GET", path.replace("{id}", views(house)["AllOpenLeads"]["id"]))

    assert (answer.status_code, answer.get_json()[0]["errorCode"]) == expected
