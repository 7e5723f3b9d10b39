import pytest
from lsync_company_directory.figures import Money, read_count, read_money, read_year
from lsync_company_directory.rates import convert


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("3,167 (average, 2021)", 3167),
        ("c. 60,500 (2025)", 60500),
        (144400, 144400),
        ("360,000+ (2025)", 360000),
        ("3 500", 3500),
        ("14.046 (December 2022)", 14046),
        ("14,375 (2023) 13,388 (2022)", 14375),
        ("6,269 (non-consolidated) 51,500 (consolidated) (as of December 31, 2013)", 51500),
        ("8,056 (44,495 consolidated)", 44495),
        ("5,494 (Consolidated:44,336) (2022)", 44336),
        ("116 (holding company) 49,480 (group) (as of March 31, 2025)", 49480),
        ("2,511 full-time (2022)", 2511),
        ("6,000 - 8,000 (2022)", None),
        ("1,229 employees in Belgium and 955 in Germany", None),
        ("3,600 full time; 1,100 part-time (2023)", None),
        ("Over 1 million (est.)", None),
        ("", None),
        ("many", None),
        (0, None),
    ],
)
def test_a_head_count_is_read_if_it_is_clear(text: object, count: int | None) -> None:
    assert read_count(text) == count


@pytest.mark.parametrize(
    ("text", "money"),
    [
        ("€3.91 billion (2021)", Money(3_910_000_000, "EUR")),
        ("US$ 24.9 billion (2025)", Money(24_900_000_000, "USD")),
        ("US$ $1.59 billion (2024)", Money(1_590_000_000, "USD")),
        ("$ 7.529 billion USD ( FY 2017) (¥ 843.344 billion JPY ) ( FY 2017)", Money(7_529_000_000, "USD")),
        ("¥ 10.26 trillion ( US$ 93.53 billion) (2021)", Money(10_260_000_000_000, "JPY")),
        ("¥ 1,298,913 million (FY 2013)", Money(1_298_913_000_000, "JPY")),
        ("35,165,000,000 euro (2022)", Money(35_165_000_000, "EUR")),
        ("SEKm 147,147 (2023)", Money(147_147_000_000, "SEK")),
        ("SFr 26.4 billion (2024)", Money(26_400_000_000, "CHF")),
        ("US$ 1.25B ( FY 2018 )", Money(1_250_000_000, "USD")),
        ("€ 149.9 mio (2017)", Money(149_900_000, "EUR")),
        (">€6 billion (2022)", Money(6_000_000_000, "EUR")),
        ("€4.169 billion (2023) €4.479 billion (2022)", Money(4_169_000_000, "EUR")),
        ("US$ 64.424 billion (2025) : 10", Money(64_424_000_000, "USD")),
        ("€1,685 billion (2024)", None),
        ("¥ 4,395 trillion ($29.8B) (2024)", None),
        ("US$ 0 700 Mln (2018)", None),
        ("2.1 billion (2023)", None),
        ("72.9 billion capital of 47 million yen.", None),
        ("", None),
    ],
)
def test_a_sum_is_read_if_it_is_clear_and_possible(text: object, money: Money | None) -> None:
    assert read_money(text) == money


def test_plain_dollars_and_crowns_are_those_of_the_country() -> None:
    assert read_money("40.911 billion kr (2021)", "Sweden") == Money(40_911_000_000, "SEK")
    assert read_money("40.911 billion kr (2021)", "Germany") is None
    assert read_money("$3 billion", "Canada") is None


def test_sums_are_converted_to_four_digits_and_own_currency_stays_exact() -> None:
    assert convert(Money(3_912_345_678, "EUR"), "EUR") == 3_912_345_678
    assert convert(Money(3_910_000_000, "EUR"), "USD") == 4_232_000_000


@pytest.mark.parametrize(
    ("text", "year"),
    [("1988 ; 38 years ago ( 1988 )", 1988), (1988, 1988), ("18 March 1923", 1923), ("long ago", None)],
)
def test_the_first_year_is_the_year_of_foundation(text: object, year: int | None) -> None:
    assert read_year(text) == year
