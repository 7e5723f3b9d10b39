"""The benchmark: LSync beside what else a user could take, on one simulated org, with one provider, in one run."""
