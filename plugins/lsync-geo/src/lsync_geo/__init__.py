"""LSync transforms and an operator for countries and their subdivisions, by ISO 3166."""

from lsync_geo.plugins import CountryForm, CountryIs, SubdivisionForm

__all__ = ["CountryForm", "CountryIs", "SubdivisionForm"]
