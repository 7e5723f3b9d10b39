"""Numbers as Java writes them, because that is how they come out of Salesforce: `87.5`, `100000.0`, `1.2E7`."""

__all__ = ["spell_double"]

_PLAIN_FROM = 1e-3
_PLAIN_BELOW = 1e7


def spell_double(number: float | None) -> str | None:
    """Java's `Double.toString`; None stays None."""
    if number is None:
        return None
    if number == 0 or _PLAIN_FROM <= abs(number) < _PLAIN_BELOW:
        return repr(float(number))
    return _scientific(float(number))


def _scientific(number: float) -> str:
    # repr gives the shortest digits that read back as the same number, as Java does.
    sign = "-" if number < 0 else ""
    mantissa, _, exponent = repr(abs(number)).partition("e")
    whole, _, rest = mantissa.partition(".")
    rest = "" if rest == "0" else rest
    digits = (whole + rest).lstrip("0")
    power = int(exponent or 0) + (len(whole) - 1 if whole != "0" else -(len(rest) - len(rest.lstrip("0")) + 1))
    digits = digits.rstrip("0") or "0"
    return f"{sign}{digits[0]}.{digits[1:] or '0'}E{power}"
