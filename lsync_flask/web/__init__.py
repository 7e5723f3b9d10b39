"""The pages inside the Salesforce tab: thin views over the services."""
