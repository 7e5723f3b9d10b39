"""Where the templates, migrations and the org's package lie: inside the package in a wheel, beside it in a checkout."""

from pathlib import Path

_PACKAGE = Path(__file__).parent


def folder(name: str) -> Path:
    """The folder `templates` or `migrations`."""
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


def package_folder() -> Path:
    """The source of what is deployed into an org; `salesforce` in a checkout."""
    inside = _PACKAGE / "org_package"
    return inside if inside.is_dir() else _PACKAGE.parent / "salesforce"
