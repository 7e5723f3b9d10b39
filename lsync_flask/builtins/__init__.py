"""The plugins that come with LSync. They use the same door as all others: entry points."""
