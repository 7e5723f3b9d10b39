"""Telephone numbers that ring nowhere: only ranges that a country's regulator keeps free for fiction."""

from random import Random

# Each country: its code, the prefix within the country, the digits before the free range and how many follow.
_RANGES: dict[str, tuple[str, str, tuple[str, ...], str, int]] = {
    "United States": ("1", "", ("212", "312", "415", "617", "713", "206", "404"), "55501", 2),
    "Canada": ("1", "", ("416", "604", "514"), "55501", 2),
    "United Kingdom": ("44", "0", ("20 7946", "161 496", "131 496", "121 496"), "0", 3),
    "Germany": ("49", "0", ("30 23125", "221 4710", "89 99998", "40 66969"), "", 3),
    "France": ("33", "0", ("1 99 00", "4 65 71", "3 53 01"), "", 4),
    "Sweden": ("46", "0", ("8 465 004", "31 390 60"), "", 2),
    "Ireland": ("353", "0", ("20 91",), "", 5),
}


def spell_phone(country: str | None, random: Random) -> str | None:
    """A number as somebody typed it; None for a country that keeps no range for fiction."""
    kept = _RANGES.get(country or "")
    if kept is None:
        return None
    code, trunk, areas, head, length = kept
    digits = head + str(int(random.random() * 10**length)).zfill(length)
    area = areas[int(random.random() * len(areas))]
    styles = _american(area, digits) if code == "1" else _other(code, trunk, area, digits)
    return styles[int(random.random() * len(styles))]


def _other(code: str, trunk: str, area: str, digits: str) -> tuple[str, ...]:
    return (
        f"+{code} {area} {digits}",
        f"00{code}{area}{digits}".replace(" ", ""),
        f"+{code} ({trunk}){area} {digits}",
        f"{trunk}{area} {digits}",
        f"{trunk}{area}-{digits}".replace(" ", ""),
    )


def _american(area: str, digits: str) -> tuple[str, ...]:
    first, second = digits[:3], digits[3:]
    return (
        f"({area}) {first}-{second}",
        f"+1 {area}-{first}-{second}",
        f"{area}.{first}.{second}",
        f"{area}-{first}-{second}",
        f"1{area}{first}{second}",
        f"({area}) {first}-{second} ext. {second[:2]}",
    )
