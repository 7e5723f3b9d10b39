import json
import time
from decimal import Decimal

import pytest
from lsync_company_directory import CompanyDirectory
from lsync_company_directory.catalogue import CATALOGUE
from lsync_company_directory.provider import open_directory

from lsync_flask.plugin_api import Answer, Answers, Call, Inquiry, InvalidParams, build
from lsync_flask.plugin_testing import NoHttp, ProviderTests


class TestCompanyDirectory(ProviderTests):
    plugin = CompanyDirectory
    inquiries = (
        Inquiry("001000000000001AAA", {"company_name": "Siemens AG"}),
        Inquiry("001000000000002AAA", {"website": "https://www.1und1.ag/"}),
        Inquiry("001000000000003AAA", {"email": "nobody@example.invalid", "company_name": "No Such Firm Ltd"}),
    )


def submit(call: Call, provider: CompanyDirectory | None = None) -> Answers:
    answers = (provider or CompanyDirectory()).submit(call, NoHttp())
    assert isinstance(answers, Answers)
    return answers


def ask(**inputs: str) -> Answer:
    return submit(Call("call-1", [Inquiry("1", inputs)])).answers[0]


def test_a_company_comes_with_its_facts() -> None:
    answer = ask(company_name="1&1 AG", website="www.1und1.ag")

    assert (answer.matched, answer.confidence) == (True, 100)
    assert answer.values["employees_text"] == "3,167 (average, 2021)"
    assert answer.values["employees"] == 3167
    assert answer.values["revenue_text"] == "€3.91 billion (2021)"
    assert answer.values["revenue"] == Decimal(3_910_000_000)
    assert answer.values["revenue_currency"] == "EUR"
    assert answer.values["industry"] == "Telecommunications"
    assert answer.values["headquarters_city"] == "Montabaur"
    assert (answer.values["country"], answer.values["country_code"]) == ("Germany", "DE")
    assert answer.values["founded"] == "1988"
    assert answer.values["ticker"] == "1U1"
    assert answer.values["isin"] == "DE0005545503"


def test_revenue_is_converted_to_the_currency_of_the_org() -> None:
    call = Call("call-1", [Inquiry("1", {"company_name": "1&1"})])

    euros = submit(call, build(CompanyDirectory, {"currency": "EUR"})).answers[0]
    dollars = submit(call).answers[0]

    assert euros.values["revenue_converted"] == Decimal(3_910_000_000)
    assert dollars.values["revenue_converted"] == Decimal(4_232_000_000)


def test_answers_can_be_stored_as_json() -> None:
    answers = submit(Call("call-1", [Inquiry("1", {"company_name": "Siemens"})])).answers

    assert json.loads(json.dumps(answers[0].values))["revenue_currency"] == "EUR"


def test_what_is_done_to_an_answer_does_not_reach_the_next() -> None:
    ask(company_name="Siemens").values.clear()  # type: ignore[attr-defined]

    assert ask(company_name="Siemens").values["country"] == "Germany"


def test_an_unknown_currency_is_refused() -> None:
    with pytest.raises(InvalidParams):
        build(CompanyDirectory, {"currency": "XXX"})


def test_what_is_not_known_is_said_so_and_costs_nothing() -> None:
    known, unknown = Inquiry("1", {"company_name": "Siemens"}), Inquiry("2", {"company_name": "Nobody Ltd"})

    answers = submit(Call("call-1", [unknown, known]))

    assert [(answer.key, answer.matched) for answer in answers.answers] == [("2", False), ("1", True)]
    assert answers.credits == 1


def test_most_companies_have_the_facts_that_people_want() -> None:
    names = [company.name for company in open_directory("USD").companies]

    answers = submit(Call("call-1", [Inquiry(name, {"company_name": name}) for name in names])).answers

    share = {field.name: sum(field.name in a.values for a in answers) / len(answers) for field in CATALOGUE.outputs}
    assert sum(answer.matched for answer in answers) > 0.99 * len(names)
    assert min(share["industry"], share["country"]) > 0.95
    assert min(share["employees"], share["revenue"], share["website"], share["headquarters_city"]) > 0.7


def test_values_fit_the_types_and_lengths_that_the_catalogue_names() -> None:
    fields = {field.name: field for field in CATALOGUE.outputs}

    for each in open_directory("USD").values:
        assert each.keys() <= fields.keys()
        for name, value in each.items():
            assert not fields[name].length or len(value) <= fields[name].length, (name, value)
            assert not fields[name].values or value in fields[name].values


def test_no_figure_is_absurd() -> None:
    for each in open_directory("USD").values:
        assert 0 < each.get("employees", 1) <= 5_000_000
        assert 10**6 <= each.get("revenue", 10**6) <= 10**14
        assert 10**4 <= each.get("revenue_converted", 10**6) <= 10**12
        assert 1000 <= int(each.get("founded", 1900)) <= 2100


def test_fifty_thousand_records_are_looked_up_in_a_few_seconds() -> None:
    names = [company.name for company in open_directory("USD").companies]
    inquiries = [
        Inquiry(str(n), {"company_name": names[n % len(names)], "email": f"user{n}@example.com"}) for n in range(50_000)
    ]
    open_directory("USD")

    started = time.perf_counter()
    submit(Call("call-1", inquiries))

    # 200,000 a second on a quiet machine; the bound is for a busy one.
    assert time.perf_counter() - started < 5
