import pytest
from lsync_company_directory.places import Place, country_code, read_place


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("Montabaur , Germany", Place("Montabaur", None, "DE")),
        ("Microsoft Campus , Redmond, Washington , U.S.", Place("Redmond", "Washington", "US")),
        ("New York, New York", Place("New York", "New York", "US")),
        ("Jersey City, New Jersey , U.S.", Place("Jersey City", "New Jersey", "US")),
        ("Houston, Texas", Place("Houston", "Texas", "US")),
        ("London , England, UK", Place("London", None, "GB")),
        ("Minato , Tokyo , Japan 35°39\u203238\u2033N 139°43\u203245\u2033E", Place("Tokyo", None, "JP")),
        ("Hibiya , Chiyoda , Tokyo 100-0006 Japan", Place("Tokyo", None, "JP")),
        ("Tempe , Arizona, U.S. Prague , Czech Republic", Place("Tempe", "Arizona", "US")),
        ("Dublin , Ireland (legal) Grand Rapids, Michigan , U.S. (operational)", Place("Dublin", None, "IE")),
        ("1725 3rd St. San Francisco , California, United States", Place(None, "California", "US")),
        ("Birmingham , Alabama United States", Place("Birmingham", "Alabama", "US")),
        ("Chicago , Illinois, and Pittsburgh , Pennsylvania , U.S.", Place("Chicago", "Illinois", "US")),
        ("Espoo , Uusimaa , Finland", Place("Espoo", None, "FI")),
        ("Duisburg and Essen, Germany", Place(None, None, "DE")),
        ("6565 Hillcrest Ave Dallas, Texas , U.S.", Place(None, "Texas", "US")),
        ("Nishi-Shinjuku , Shinjuku, Tokyo", Place("Tokyo", None, "JP")),
        ("Germany", Place(None, None, "DE")),
        ("", Place()),
        (None, Place()),
    ],
)
def test_a_seat_is_read_as_far_as_it_is_certain(text: str | None, place: Place) -> None:
    assert read_place(text) == place


@pytest.mark.parametrize(("name", "code"), [("U.S.A.", "US"), ("deutschland", "DE"), ("GB", "GB"), ("Atlantis", None)])
def test_countries_have_many_names(name: str, code: str | None) -> None:
    assert country_code(name) == code
