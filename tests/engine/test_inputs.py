import pytest

from lsync_flask.engine.inputs import InputMapping, InputRow, PluginCall, Skip, compile_inputs
from lsync_flask.errors import FatalError, InvalidParams
from lsync_flask.plugin_api import Catalogue, Inquiry, ProviderField


@pytest.fixture
def compile_rows(lead, catalogue, transforms):
    def compile_rows(*rows):
        return compile_inputs(InputMapping("Lead", tuple(InputRow(*row) for row in rows)), lead, catalogue, transforms)

    return compile_rows


def ask(compiled, **values):
    columns = ["Id", *values]
    row = ["00Q000000000001AAA", *values.values()]
    return compiled.make_inquiry(row[0], row, {name: place for place, name in enumerate(columns)})


def test_values_are_trimmed_and_blank_ones_left_out(compile_rows):
    compiled = compile_rows(("company", "company"), ("site", "Website"), ("mail", "Email"))

    inquiry = ask(compiled, Company=" Acme ", Website="  ", Email=None)

    assert compiled.columns == ("Company", "Website", "Email")
    assert inquiry == Inquiry("00Q000000000001AAA", {"company": "Acme"})


def test_numbers_are_sent_without_exponent_and_moments_as_salesforce_spells_them(compile_rows):
    compiled = compile_rows(("company", "AnnualRevenue"), ("site", "Seen__c"), ("mail", "DoNotCall"))

    inquiry = ask(compiled, AnnualRevenue="1.2E7", Seen__c="2026-11-23T09:30:00.000+0000", DoNotCall="true")

    assert inquiry.inputs == {"company": "12000000", "site": "2026-11-23T09:30:00.000Z", "mail": "true"}


def test_a_field_of_a_related_record_can_be_a_source(compile_rows):
    compiled = compile_rows(("company", "owner.name"))

    assert compiled.columns == ("Owner.Name",)
    assert ask(compiled, **{"Owner.Name": "Ann"}).inputs == {"company": "Ann"}


def test_transforms_work_in_their_order_and_may_fill_blanks(compile_rows):
    calls = (PluginCall("default", {"value": "unknown"}), PluginCall("upper"))
    compiled = compile_rows(("company", "Company", calls))

    assert ask(compiled, Company="acme").inputs == {"company": "ACME"}
    assert ask(compiled, Company="").inputs == {"company": "UNKNOWN"}


def test_a_transform_may_read_the_record(compile_rows):
    compiled = compile_rows(("company", "Company", (PluginCall("with-country"),)), ("site", "Country"))

    inquiries = [ask(compiled, Company="Acme", Country=country).inputs["company"] for country in ("Chile", "Peru")]

    assert inquiries == ["Acme (Chile)", "Acme (Peru)"]


def test_a_record_with_too_little_is_skipped_with_what_is_missing(compile_rows):
    compiled = compile_rows(("company", "Company"), ("site", "Website"), ("mail", "Email"))

    assert ask(compiled, Company="", Website="acme.example", Email="") == Skip(
        "MINIMUM_INPUT",
        "The record has too little to be looked up. Needed: Company, or E-mail and Website.",
    )
    assert ask(compiled, Company="", Website="acme.example", Email="a@b.example").inputs.keys() == {"site", "mail"}


def test_a_record_without_a_required_input_is_skipped(lead, transforms):
    catalogue = Catalogue((ProviderField("a", "A"), ProviderField("b", "B", required=True)), ())
    rows = (InputRow("a", "Company"), InputRow("b", "Website"))
    compiled = compile_inputs(InputMapping("Lead", rows), lead, catalogue, transforms)

    assert ask(compiled, Company="x", Website="").sentence == "The provider needs B, and the record has no value there."


def test_a_record_that_a_transform_refuses_is_rejected_with_the_reason(compile_rows):
    compiled = compile_rows(("company", "Company", (PluginCall("refuse"),)))

    assert ask(compiled, Company="bad") == Skip("UNWANTED", "Company: “bad” is not wanted.", "rejected")


def test_a_broken_transform_rejects_records_and_then_stops_the_activity(compile_rows):
    compiled = compile_rows(("company", "Company", (PluginCall("crash"),)))

    skips = [ask(compiled, Company="x") for _ in range(49)]

    assert {skip.code for skip in skips} == {"PLUGIN_FAILED"}
    assert skips[0].sentence == "crash failed on Company (ZeroDivisionError)."
    with pytest.raises(FatalError, match="50 records in a row"):
        ask(compiled, Company="x")


@pytest.mark.parametrize(
    ("rows", "key", "words"),
    [
        ([("company", "Nope")], "rows.0.source", "Lead has no field Nope"),
        ([("nope", "Company")], "rows.0.input", "takes no input nope"),
        ([("company", "Company"), ("company", "Website")], "rows.1.input", "mapped twice"),
        ([("company", "Company", (PluginCall("nope"),))], "rows.0.transforms.0", "There is no transform nope"),
        ([("company", "Company", (PluginCall("default"),))], "rows.0.transforms.0.value", "Must be filled in"),
        ([("company", "Company", (PluginCall("upper", {"x": 1}),))], "rows.0.transforms.0.x", "no such parameter"),
        ([], "rows", "Map at least one field"),
        ([("site", "Website")], "rows", "needs more to look a record up: Company, or E-mail and Website."),
    ],
)
def test_a_mapping_that_cannot_work_is_told_at_its_place(compile_rows, rows, key, words):
    with pytest.raises(InvalidParams) as caught:
        compile_rows(*rows)

    assert list(caught.value.problems) == [key]
    assert words in caught.value.problems[key]


@pytest.mark.parametrize("chain", [(), (PluginCall("upper"),)])
def test_a_placeholder_is_not_sent(compile_rows, chain):
    compiled = compile_rows(("company", "Company"), ("site", "Website", chain, ("N/A", "unknown")))

    assert ask(compiled, Company="Acme", Website=" n/a ").inputs == {"company": "Acme"}
