"""What is wrong with a statement is said in Salesforce's words, with the place."""

import pytest

FRAME = (
    ("select count() from XYZZY", "INVALID_TYPE", 21, "sObject type 'XYZZY' is not supported. If you are attempting"),
    ("SELECT foo FROM Account", "INVALID_FIELD", 8, "No such column 'foo' on entity 'Account'."),
    ("SELECT Id FORM Account", "MALFORMED_QUERY", 11, "unexpected token: 'FORM'"),
    ("SELECT Id FROM Lead WHERE Description = 'x'", "INVALID_FIELD", 27, "field 'Description' can not be filtered"),
    (
        "SELECT Id FROM Lead WHERE CreatedDate > '2026-01-01'",
        "INVALID_FIELD",
        41,
        "value of filter criterion for field 'CreatedDate' must be of type dateTime and should not be enclosed in quotes",
    ),
    (
        "SELECT Id FROM Lead WHERE City = 'a' AND City = 'b' OR City = 'c'",
        "MALFORMED_QUERY",
        53,
        "unexpected token: 'OR'",
    ),
    ("SELECT Foo.Name FROM Lead", "INVALID_FIELD", 8, "Didn't understand relationship 'Foo' in field path."),
    ("SELECT Id, Id FROM Lead", "INVALID_FIELD", 12, "duplicate field selected: Id"),
    ("SELECT Id FROM Lead WHERE Id = 'abc'", "INVALID_QUERY_FILTER_OPERATOR", 32, "invalid ID field: abc"),
    ("SELECT Id FROM Lead WHERE Id LIKE '00Q%'", "INVALID_QUERY_FILTER_OPERATOR", 35, "invalid operator on id field"),
    ("SELECT Id FROM Lead ORDER BY Description", "INVALID_FIELD", 30, "field 'Description' can not be sorted"),
    (r"SELECT Id FROM Lead WHERE City = 'a\qb'", "MALFORMED_QUERY", 34, "Illegal string literal"),
    ("SELECT Id FROM Lead USING SCOPE team", "INVALID_QUERY_SCOPE", 33, "The specified scope is invalid: team"),
    (
        "SELECT ReportsTo.ReportsTo.ReportsTo.ReportsTo.ReportsTo.ReportsTo.Name FROM Contact",
        "MALFORMED_QUERY",
        8,
        "Relationship fields go at most 5 levels up",
    ),
    ("SELECT Id FROM Lead WHERE", "MALFORMED_QUERY", 26, "unexpected token: '<EOF>'"),
)


@pytest.mark.parametrize(("soql", "code", "column", "sentence"), FRAME)
def test_a_mistake_is_shown_with_its_place(house, soql, code, column, sentence):
    status, told, message = house.refusal(soql)

    assert (status, told) == (400, code)
    assert message.startswith(f"\n{soql}\n{' ' * (column - 1)}^\nERROR at Row:1:Column:{column}\n{sentence}")


def test_the_row_is_counted_and_only_its_line_is_shown(house):
    _, _, message = house.refusal("SELECT Id\nFROM Leed")

    assert message.startswith("\nFROM Leed\n     ^\nERROR at Row:2:Column:6\nsObject type 'Leed'")


def test_limits_of_a_statement(house):
    assert house.refusal("SELECT Id FROM Lead OFFSET 2001")[1] == "NUMBER_OUTSIDE_VALID_RANGE"
    long = "SELECT Id FROM Lead WHERE City = '" + "x" * 4001 + "'"
    assert house.refusal(long)[1] == "MALFORMED_QUERY"
    assert house.ask("GET", "/query?q=" + "x" * 16_400).status_code == 414


def test_a_statement_has_at_most_20_sub_queries(house):
    soql = f"SELECT Id{', (SELECT Id FROM Contacts)' * 21} FROM Account"

    assert house.refusal(soql)[1] == "MALFORMED_QUERY"


def test_the_scope_mine_keeps_ones_own_records(house, add_leads):
    mine, other = add_leads({"OwnerId": house.plain.id}, {"OwnerId": house.admin.id})

    assert [row["Id"] for row in house.query("SELECT Id FROM Lead USING SCOPE mine", "plain")] == [mine]
    found = house.query("SELECT Id FROM Lead USING SCOPE everything WHERE Id != null", "plain")
    assert {row["Id"] for row in found} == {mine, other}


def test_a_user_without_view_setup_cannot_ask_for_assignments(house):
    status, code, _ = house.refusal("SELECT Id FROM PermissionSetAssignment", "plain")

    assert (status, code) == (400, "INVALID_TYPE")
