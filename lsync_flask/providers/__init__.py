"""The providers that come with LSync, found through the same entry points as anybody's."""
