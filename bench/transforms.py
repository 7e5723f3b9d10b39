"""What transforms cost: 16 fields of each record, four transforms on each field, and nothing else.

    .venv/bin/python bench/transforms.py [--records 20000] [--distinct 2000]

Prints one line for values as they are in real orgs (many repeat) and one for values that are all different.
"""

import argparse
import random
import time
from collections.abc import Sequence

from lsync_flask.engine.steps import Pipeline, PluginCall, build_chain
from lsync_flask.plugin_api import Value
from lsync_flask.registry import discover

FIELDS = 16
CHAIN = ("trim", "collapse-spaces", "title-case", "default-if-blank")
PARAMS = {"default-if-blank": {"value": "Other"}}
WORDS = ("acme", "bolts", "global", "trading", "of", "northern", "industries", "steel", "and", "sons", "gmbh", "ltd")


def make_pipelines() -> list[Pipeline[Value]]:
    transforms = discover(None, frozenset()).transforms
    calls = [PluginCall(name, PARAMS.get(name, {})) for name in CHAIN]
    return [
        Pipeline(
            build_chain(calls, transforms, f"Field {number}"), f"Field {number}", lambda raw: raw, lambda value: value
        )
        for number in range(FIELDS)
    ]


def make_values(count: int, distinct: int, seed: int) -> list[str]:
    chance = random.Random(seed)
    texts = [f" {' '.join(chance.choices(WORDS, k=3))}  {number}" for number in range(distinct)]
    return [chance.choice(texts) for _ in range(count)] if distinct < count else texts[:count]


def measure(columns: Sequence[Sequence[str]]) -> float:
    """Microseconds of CPU per record."""
    pipelines = make_pipelines()
    begun = time.process_time()
    for pipeline, values in zip(pipelines, columns, strict=True):
        run = pipeline.run
        for value in values:
            run(value, {})
    return (time.process_time() - begun) / len(columns[0]) * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--distinct", type=int, default=2_000)
    given = parser.parse_args()
    for label, distinct in (("repeating", given.distinct), ("all different", given.records)):
        columns = [make_values(given.records, distinct, seed) for seed in range(FIELDS)]
        best = min(measure(columns) for _ in range(3))
        print(f"{label:14} {distinct:7,} distinct of {given.records:,}: {best:6.1f} us of CPU per record")


if __name__ == "__main__":
    main()
