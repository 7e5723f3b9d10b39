from datetime import UTC, date, datetime
from decimal import Decimal
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsync_flask.engine.decide import PluginCall, ResultMapping, ResultRow, can_fit, compile_results
from lsync_flask.engine.policies import Policy, apply_policy, is_blank
from lsync_flask.engine.steps import MAX_KEPT, Pipeline
from lsync_flask.errors import FatalError, InvalidParams
from lsync_flask.plugin_api import Answer, Transform


@pytest.fixture(scope="session")
def compile_rows(lead, catalogue, transforms):
    def compile_rows(*rows, **more):
        mapping = ResultMapping("Lead", tuple(ResultRow(*row, **more) for row in rows))
        return compile_results(mapping, lead, catalogue, transforms)

    return compile_rows


def decide(compiled, values, before=(), **more):
    index = {"Id": 0} | {target.name: place for place, target in enumerate(compiled.targets, 1)} | {"Country": 9}
    row = ["00Q", *[dict(before).get(target.name) for target in compiled.targets]]
    row += [""] * (9 - len(row)) + [dict(before).get("Country")]
    return compiled.decide("00Q", row, index, Answer("00Q", matched=True, values=values, **more))


def test_blanks_are_filled_and_values_kept(compile_rows):
    compiled = compile_rows(("name", "Company"), ("country", "Phone"), ("text", "Website"))

    decision = decide(compiled, {"name": "Acme", "country": "Chile", "text": "x"}, {"Phone": "Peru", "Website": " \n"})

    assert decision.fate == "written"
    assert decision.changes == {"Company": "Acme", "Website": "x"}
    assert decision.fields == [
        (0, None, "Acme", "written"),
        (1, "Peru", "Chile", "kept"),
        (2, " \n", "x", "written"),
    ]


def test_what_salesforce_has_already_is_never_written(compile_rows):
    compiled = compile_rows(
        ("name", "Company"), ("employees", "Score__c"), ("mail", "Email"), ("colours", "Colours__c"), policy="always"
    )
    before = {"Company": "Acme ", "Score__c": "1.2E1", "Email": "a@b.example", "Colours__c": "Red;Blue"}

    decision = decide(
        compiled, {"name": " Acme", "employees": 12, "mail": "A@b.example", "colours": ["blue", "red"]}, before
    )

    assert decision.fate == "unchanged"
    assert decision.changes == {}
    assert [word for *_, word in decision.fields] == ["unchanged"] * 4


def test_values_are_written_in_the_fields_own_type(compile_rows):
    compiled = compile_rows(
        ("employees", "NumberOfEmployees"),
        ("revenue", "AnnualRevenue"),
        ("founded", "Founded__c"),
        ("seen", "Seen__c"),
        ("rating", "Rating"),
        ("street", "Street"),
    )
    values = {"employees": 3167.0, "revenue": "3.91E9", "founded": "1887-01-01", "rating": "very hot"}
    values |= {"seen": "2026-11-23T10:30:00+01:00", "street": ["Main Street 1"]}

    decision = decide(compiled, values)

    assert decision.changes == {
        "NumberOfEmployees": 3167,
        "AnnualRevenue": Decimal(3910000000),
        "Founded__c": date(1887, 1, 1),
        "Seen__c": datetime(2026, 11, 23, 9, 30, tzinfo=UTC),
        "Rating": "Hot",
        "Street": "Main Street 1",
    }
    assert decision.fields[0] == (0, None, "3167", "written")


def test_nothing_from_the_provider_is_left_out(compile_rows):
    compiled = compile_rows(("name", "Company"), ("text", "Country"), ("colours", "Colours__c"))

    decision = decide(compiled, {"name": None, "text": "  ", "colours": []}, {"Country": "Chile"})

    assert (decision.fate, decision.fields, decision.changes) == ("unchanged", [], {})


def test_always_clears_a_field_but_never_one_that_must_have_a_value(compile_rows):
    compiled = compile_rows(("text", "Country"), ("name", "Company"), ("street", "Street"), policy="always")

    decision = decide(compiled, {"text": ""}, {"Country": "Chile", "Company": "Acme"})

    assert decision.fate == "written"
    assert decision.changes == {"Country": None}
    assert decision.fields == [(0, "Chile", None, "cleared"), (1, "Acme", None, "kept")]


def test_a_checkbox_is_never_blank(compile_rows):
    filling = compile_rows(("listed", "DoNotCall"))
    winning = compile_rows(("listed", "DoNotCall"), policy="provider_wins")

    assert decide(filling, {"listed": True}, {"DoNotCall": "false"}).fields == [(0, "false", "true", "kept")]
    assert decide(winning, {"listed": "yes"}, {"DoNotCall": "false"}).changes == {"DoNotCall": True}
    assert decide(winning, {"listed": False}, {"DoNotCall": "false"}).fate == "unchanged"


def test_never_shows_the_value_and_writes_nothing(compile_rows):
    compiled = compile_rows(("name", "Company"), policy="never")

    assert decide(compiled, {"name": "Acme"}).fields == [(0, None, "Acme", "never")]
    assert decide(compiled, {"name": "x" * 999}, {"Company": "Acme"}).fate == "unchanged"


def test_a_less_certain_match_changes_nothing(compile_rows):
    compiled = compile_rows(("name", "Company"), ("text", "Country"), policy="always", minimum_confidence=80)

    unsure = decide(compiled, {"name": "Acme"}, {"Country": "Chile"}, confidence=79)
    unknown = decide(compiled, {"name": "x" * 999})
    sure = decide(compiled, {"name": "Acme"}, confidence=80)

    assert unsure.changes == {}
    assert unsure.fields == [(0, None, "Acme", "low_confidence"), (1, "Chile", None, "low_confidence")]
    assert unknown.fate == "unchanged"
    assert sure.changes == {"Company": "Acme"}


def test_a_value_that_does_not_fit_rejects_the_record_and_names_every_such_field(compile_rows):
    compiled = compile_rows(("name", "Company"), ("rating", "Rating"), ("text", "Country"))

    decision = decide(compiled, {"name": "x" * 41, "rating": "Lukewarm", "text": "Chile"})

    assert (decision.fate, decision.code, decision.changes) == ("rejected", "STRING_TOO_LONG", {})
    assert "Company takes 40 characters" in decision.message
    assert "Rating: “Lukewarm” is not one of its values" in decision.message
    assert decision.fields == [(0, None, "x" * 41, "rejected"), (1, None, "Lukewarm", "rejected")]


def test_a_value_that_does_not_fit_and_would_not_be_written_does_no_harm(compile_rows):
    compiled = compile_rows(("name", "Company"), ("text", "Country"))

    decision = decide(compiled, {"name": "x" * 41, "text": "Chile"}, {"Company": "Acme"})

    assert decision.fate == "written"
    assert decision.fields[0] == (0, "Acme", "x" * 41, "kept")


@pytest.mark.parametrize("garbage", [{"a": 1}, [[1]], float("nan"), b"bytes", object()])
def test_garbage_from_the_provider_rejects_the_record(compile_rows, garbage):
    decision = decide(compile_rows(("name", "Company")), {"name": garbage})

    assert (decision.fate, decision.code) == ("rejected", "INVALID_TYPE_ON_FIELD_IN_RECORD")
    assert "which is no value" in decision.message


def test_an_answer_that_is_none_is_told_apart(compile_rows):
    compiled = compile_rows(("name", "Company"))
    row, index = ["00Q", None], {"Id": 0, "Company": 1}

    def fate(answer):
        decision = compiled.decide("00Q", row, index, answer)
        return decision.fate, decision.code

    assert fate(None) == ("failed", "NO_ANSWER")
    assert fate(Answer("00Q", matched=False)) == ("not_matched", "NOT_MATCHED")
    assert fate(Answer("00Q", matched=False, error_code="TIMEOUT", error="Too slow.")) == ("failed", "TIMEOUT")
    assert fate(Answer("00Q", matched=True, values=["x"])) == ("failed", "BAD_ANSWER")
    assert fate(Answer("00Q", matched=True, values={"name": "A"}, confidence="high")) == ("written", "")


def test_transforms_run_before_the_check_and_see_blanks(compile_rows):
    compiled = compile_rows(
        ("rating", "Rating", (PluginCall("default", {"value": "cold"}), PluginCall("upper"))),
        ("name", "Company", (PluginCall("with-country"),)),
    )

    decision = decide(compiled, {"name": "Acme"}, {"Country": "Chile"})

    assert decision.changes == {"Rating": "Cold", "Company": "Acme (Chile)"}


def test_a_transform_that_refuses_rejects_the_record_with_field_and_reason(compile_rows):
    compiled = compile_rows(("name", "Company", (PluginCall("refuse"),)))

    first, second = (decide(compiled, {"name": "bad"}) for _ in range(2))

    assert first == second
    assert (first.fate, first.code, first.message) == ("rejected", "UNWANTED", "Company: “bad” is not wanted.")


def test_a_transform_that_fails_or_returns_no_value_rejects_the_record(compile_rows):
    crash = decide(compile_rows(("name", "Company", (PluginCall("crash"),))), {"name": "Acme"})
    floats = decide(compile_rows(("name", "Company", (PluginCall("make-float"),))), {"name": "Acme"})

    assert (crash.code, crash.message) == ("PLUGIN_FAILED", "crash failed on Company (ZeroDivisionError).")
    assert (floats.code, floats.message) == ("PLUGIN_FAILED", "make-float failed on Company (TypeError).")


@pytest.mark.parametrize(
    ("result", "name"),
    [(SystemExit(1), "SystemExit"), ("x" * 1_000_001, "OverflowError"), (("x" * 600_000,) * 2, "OverflowError")],
)
def test_a_transform_that_exits_or_fills_the_memory_rejects_the_record_and_no_more(lead, catalogue, result, name):
    class Bad(Transform):
        """Exits, or returns far too much."""

        name, label, api = "bad", "Bad", 1

        def apply(self, value, record):
            if isinstance(result, BaseException):
                raise result
            return result

    compiled = compile_results(
        ResultMapping("Lead", (ResultRow("name", "Company", (PluginCall("bad"),)),)), lead, catalogue, {"bad": Bad}
    )

    made = decide(compiled, {"name": "Acme"})

    assert (made.fate, made.message) == ("rejected", f"bad failed on Company ({name}).")


def test_fifty_failures_in_a_row_stop_the_activity_and_a_success_starts_the_count_anew(compile_rows):
    compiled = compile_rows(("name", "Company", (PluginCall("crash", {"on": "x"}),)))

    for name in ["x"] * 49 + ["fine"] + ["x"] * 49:
        decide(compiled, {"name": name})

    with pytest.raises(FatalError, match="crash failed on Company"):
        decide(compiled, {"name": "x"})


def test_a_transform_is_asked_once_per_distinct_value(lead, catalogue):
    asked = []

    class Count(Transform):
        """Counts."""

        name, label, api = "count", "Count", 1

        def apply(self, value, record):
            asked.append(value)
            return str(value)

    mapping = ResultMapping("Lead", (ResultRow("name", "Company", (PluginCall("count"),)),))
    compiled = compile_results(mapping, lead, catalogue, {"count": Count})

    for value in ("a", "b", "a", 1, True, 1, "1", None, None):
        decide(compiled, {"name": value})

    assert [(type(value), value) for value in asked] == [
        (str, "a"), (str, "b"), (int, 1), (bool, True), (str, "1"), (type(None), None),
    ]  # fmt: skip


def test_what_is_kept_of_results_stays_bounded():
    read = []
    pipeline = Pipeline((), "Country", lambda raw: read.append(raw) or raw, str)

    for number in range(MAX_KEPT + 10):
        pipeline.run(f"value {number}", {})
    for text in ("value 0", f"value {MAX_KEPT + 9}", "x" * 300, "x" * 300):
        pipeline.run(text, {})

    assert read[MAX_KEPT + 10 :] == ["value 0", "x" * 300, "x" * 300]


def test_python_values_of_a_provider_are_taken_too(compile_rows):
    compiled = compile_rows(("seen", "Seen__c"), ("founded", "Founded__c"), ("colours", "Street"))
    naive = datetime(2026, 11, 23, 9, 30)  # noqa: DTZ001 (a provider may be careless)

    decision = decide(compiled, {"seen": naive, "founded": date(1887, 1, 1), "colours": [None, 5.5]})
    late = decide(compiled, {"seen": datetime(5000, 1, 1, tzinfo=UTC)})

    assert decision.changes["Seen__c"] == datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
    assert decision.changes["Street"] == "5.5"
    assert late.fate == "rejected"


def test_a_value_in_salesforce_that_cannot_be_read_is_another_value(compile_rows):
    compiled = compile_rows(("founded", "Founded__c"))

    assert decide(compiled, {"founded": "1887-01-01"}, {"Founded__c": "????"}).fields[0][3] == "kept"


@pytest.mark.parametrize(
    ("rows", "key", "words"),
    [
        ([("name", "Nope")], "rows.0.target", "Lead has no field Nope"),
        ([("name", "Owner.Name")], "rows.0.target", "belongs to a related record"),
        ([("name", "Formula__c")], "rows.0.target", "cannot be changed"),
        ([("name", "Id")], "rows.0.target", "cannot be changed"),
        ([("name", "Company"), ("text", "company")], "rows.1.target", "target of two rows"),
        ([("founded", "NumberOfEmployees")], "rows.0.target", "can never fit"),
        ([("nope", "Company")], "rows.0.output", "returns no nope"),
        ([("name", "Company", (PluginCall("nope"),))], "rows.0.transforms.0", "There is no transform nope"),
        ([("name", "Company", (), "sometimes")], "rows.0.policy", "overwrite policies"),
        ([("name", "Company", (), "always", 101)], "rows.0.minimum_confidence", "from 0 to 100"),
        ([], "rows", "Map at least one field"),
    ],
)
def test_a_mapping_that_cannot_work_is_told_at_its_place(compile_rows, rows, key, words):
    with pytest.raises(InvalidParams) as caught:
        compile_rows(*rows)

    assert list(caught.value.problems) == [key]
    assert words in caught.value.problems[key]


def test_a_transform_may_turn_any_type_into_any_other(compile_rows):
    assert compile_rows(("founded", "NumberOfEmployees", (PluginCall("upper"),))).targets[0].name == "NumberOfEmployees"
    assert can_fit("string", "date")
    assert can_fit("int", "string")
    assert not can_fit("boolean", "date")


VALUES = st.sampled_from([None, "", " ", "Acme", "Acme ", "Other", "x" * 41, 5, ["a", "b"]])


@given(st.sampled_from(get_args(Policy)), VALUES, VALUES.filter(lambda value: isinstance(value, str | None)))
def test_what_is_written_follows_the_policy_and_is_never_a_repetition(compile_rows, policy, proposed, before):
    decision = decide(compile_rows(("text", "Country"), policy=policy), {"text": proposed}, {"Country": before})

    write, _ = apply_policy(policy, before, proposed if proposed is None or isinstance(proposed, str) else "some")
    same = isinstance(proposed, str) and (proposed.strip() or None) == ((before or "").strip() or None)
    if decision.fate == "written":
        assert write
        assert not same
        assert set(decision.changes) == {"Country"}
    else:
        assert decision.changes == {}
        assert not write or same or decision.fate == "rejected"
    if is_blank(proposed) and policy != "always":
        assert decision.fields == []


@pytest.mark.parametrize("said", ["N/A", " n/a ", "UNKNOWN", "-"])
def test_a_placeholder_of_the_provider_is_no_value(compile_rows, said):
    compiled = compile_rows(("name", "Company"), placeholders=("N/A", "unknown", "-"), policy="provider_wins")

    decision = decide(compiled, {"name": said}, {"Company": "Acme"})

    assert (decision.fate, decision.changes, decision.fields) == ("unchanged", {}, [])


def test_a_placeholder_in_salesforce_is_filled_and_a_value_is_kept(compile_rows):
    compiled = compile_rows(("name", "Company"), ("text", "Website"), placeholders=("N/A",))

    decision = decide(compiled, {"name": "Acme", "text": "x"}, {"Company": "n/a", "Website": "N/A Ltd"})

    assert decision.changes == {"Company": "Acme"}
    assert [word for *_, word in decision.fields] == ["written", "kept"]


def test_a_placeholder_is_taken_out_of_a_list(compile_rows):
    compiled = compile_rows(("colours", "Colours__c"), placeholders=("none",))

    assert decide(compiled, {"colours": ["Red", "none"]}).changes == {"Colours__c": "Red"}


@pytest.mark.parametrize(
    ("confidence", "message"),
    [
        (79, "The match has a confidence of 79 (medium), and some fields ask for more."),
        (49, "The match has a confidence of 49 (low), and some fields ask for more."),
        (None, "The provider does not say how certain the match is, and some fields ask for it."),
        (80, ""),
    ],
)
def test_a_match_that_is_not_certain_enough_says_how_certain_it_is(compile_rows, confidence, message):
    compiled = compile_rows(("name", "Company"), minimum_confidence=80)

    assert decide(compiled, {"name": "Acme"}, confidence=confidence).message == message
