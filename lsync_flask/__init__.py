"""LSync: audiences of Salesforce records, enriched in bulk and written back field by field."""
