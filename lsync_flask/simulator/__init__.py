"""A local Salesforce org, its Lightning page and an enrichment service, for demo, tests and training."""
