"""A filled org for each test, filled once."""

from tests.web.conftest import filled, kept_database

__all__ = ["filled", "kept_database"]
