"""What saturates first: the measured cost of each part against what one of it can do, for so many orgs and records.

Run: python bench/saturation.py [--orgs 1000] [--records-per-day 100000000]. The costs are those of docs/scale.md; a
deployment measures its own (`lsync bench`, `python bench/ledger_costs.py`) and gives them as JSON with --costs.
"""

import argparse
import heapq
import json
import random
import sys

DAY_S = 86_400

COSTS = {
    "bulk_records": 10_000,
    "call_records": 500,
    "commits_per_bulk": 11,
    "commits_per_call": 2,
    "redis_per_call": 2,
    "redis_per_bulk": 4,
    "worker_cpu_us_per_record": 110,
    "database_cpu_us_per_record": 52,
    "ledger_bytes_per_record": 430,
    "rows_per_bulk": 3,
    "rows_per_call": 2,
    "api_calls_per_100k": 80,
}
"""What one record, call or bulk costs LSync; measured on one machine, see docs/scale.md."""

CAPACITY = {
    "commits_per_s": 1_500,
    "redis_per_s": 20_000,
    "worker_cores": 8,
    "database_cores": 8,
    "database_disk_gb": 2_000,
    "keep_days": 30,
    "api_calls_per_org_day": 100_000,
}
"""What one PostgreSQL, one Redis and the workers of a middling deployment can do."""


def load(costs, orgs, records_per_day):
    """Per second, on average over the day, what each part must do."""
    records = records_per_day / DAY_S
    calls, bulks = records / costs["call_records"], records / costs["bulk_records"]
    return {
        "commits_per_s": calls * costs["commits_per_call"] + bulks * costs["commits_per_bulk"],
        "redis_per_s": calls * costs["redis_per_call"] + bulks * costs["redis_per_bulk"],
        "worker_cores": records * costs["worker_cpu_us_per_record"] / 1e6,
        "database_cores": records * costs["database_cpu_us_per_record"] / 1e6,
        "database_disk_gb": records_per_day * costs["ledger_bytes_per_record"] * CAPACITY["keep_days"] / 1e9,
        "api_calls_per_org_day": records_per_day / orgs * costs["api_calls_per_100k"] / 100_000,
        "rows_per_day": DAY_S * (calls * costs["rows_per_call"] + bulks * costs["rows_per_bulk"]),
    }


def simulate(costs, orgs, records_per_day, cores, seed=1):
    """One day, activity by activity: most orgs run theirs in the same two hours. How long activities wait for a worker.

    A queue with one place per worker core; each activity takes the CPU that its records cost.
    """
    chance = random.Random(seed)
    size = records_per_day / orgs
    arrivals = sorted(
        chance.gauss(2 * 3600, 3600) % DAY_S if chance.random() < 0.7 else chance.uniform(0, DAY_S) for _ in range(orgs)
    )
    free = [0.0] * int(cores)
    waits = []
    for at in arrivals:
        # Activities take turns by slices; what a single queue shows is the wait of the last records, not of the first.
        records = size * chance.paretovariate(1.5) / 3
        begins = max(at, heapq.heappop(free))
        heapq.heappush(free, begins + records * costs["worker_cpu_us_per_record"] / 1e6)
        waits.append(begins - at)
    waits.sort()
    return {
        "median_wait_s": waits[len(waits) // 2],
        "p95_wait_s": waits[int(len(waits) * 0.95)],
        "longest_wait_s": waits[-1],
    }


def report(costs, orgs, records_per_day):
    needed = load(costs, orgs, records_per_day)
    shares = {name: needed[name] / CAPACITY[name] for name in CAPACITY if name in needed}
    return {
        "orgs": orgs,
        "records_per_day": records_per_day,
        "needed": {name: round(value, 2) for name, value in needed.items()},
        "share_of_capacity": {name: round(value, 3) for name, value in sorted(shares.items(), key=lambda one: -one[1])},
        "saturates_first": max(shares, key=shares.get),
        "waits": {
            f"{cores}_cores": {
                name: round(value, 1) for name, value in simulate(costs, orgs, records_per_day, cores).items()
            }
            for cores in (1, 2, 4, 8, 16)
        },
    }


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--orgs", type=int, default=1_000)
    options.add_argument("--records-per-day", type=int, default=100_000_000)
    options.add_argument("--costs", action="store_true", help="read measured costs as JSON from standard input")
    told = options.parse_args()
    costs = COSTS | (json.load(sys.stdin) if told.costs else {})
    print(json.dumps(report(costs, told.orgs, told.records_per_day), indent=2))


if __name__ == "__main__":
    main()
