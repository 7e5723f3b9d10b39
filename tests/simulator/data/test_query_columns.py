"""`query?columns=true`: what a statement's columns are."""

KEYS = {
    "aggregate", "apexType", "booleanType", "columnName", "custom", "displayName", "foreignKeyName", "insertable",
    "joinColumns", "numberType", "textType", "updatable",
}  # fmt: skip


def columns(house, soql):
    answer = house.ask("GET", "/query", query_string={"q": soql, "columns": "true"})
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def test_fields_and_those_of_a_parent(house):
    told = columns(house, "SELECT Id, Owner.Name, AnnualRevenue, Owner.Profile.Name FROM Lead")

    found = told["columnMetadata"]
    assert {key: told[key] for key in told if key != "columnMetadata"} == {
        "entityName": "Lead",
        "groupBy": False,
        "idSelected": True,
        "keyPrefix": "00Q",
    }
    assert [column["columnName"] for column in found] == ["Id", "Owner", "AnnualRevenue"]
    assert [column["columnName"] for column in found[1]["joinColumns"]] == ["Name", "Profile"]
    assert [column["columnName"] for column in found[1]["joinColumns"][1]["joinColumns"]] == ["Name"]
    assert all(set(column) == KEYS for column in found)
    assert (found[2]["apexType"], found[2]["numberType"], found[2]["updatable"]) == ("Double", True, True)


def test_aggregates_and_children(house):
    grouped = columns(house, "SELECT City, COUNT(Id), MAX(CreatedDate) last FROM Lead GROUP BY City")
    nested = columns(house, "SELECT Name, (SELECT LastName FROM Contacts) FROM Account")

    assert grouped["groupBy"] is True
    assert [(each["columnName"], each["aggregate"], each["displayName"]) for each in grouped["columnMetadata"]] == [
        ("City", False, "City"),
        ("expr0", True, "count(Id)"),
        ("last", True, "max(CreatedDate)"),
    ]
    child = nested["columnMetadata"][1]
    assert (child["columnName"], child["aggregate"]) == ("Contacts", True)
    assert [each["columnName"] for each in child["joinColumns"]] == ["LastName"]


def test_a_wrong_statement_is_refused_as_when_it_is_run(house):
    answer = house.ask("GET", "/query", query_string={"q": "SELECT Nope FROM Lead", "columns": "true"})

    assert (answer.status_code, answer.get_json()[0]["errorCode"]) == (400, "INVALID_FIELD")
