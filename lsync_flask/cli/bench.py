"""`lsync bench`: LSync beside other pipelines, on one simulated org and provider."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import orjson

from lsync_flask.benchmark.arms import Profile
from lsync_flask.benchmark.run import choose_arms, run_benchmark
from lsync_flask.cli.postgresql import open_postgresql

PEER_PYTHON = Path(".venv-bench") / "bin" / "python"


@click.command(help="Measure LSync beside other pipelines on one simulated org; every arm is checked in the org.")
@click.option("--records", default=10_000, type=click.IntRange(1), help="How many leads each arm takes through.")
@click.option("--peers", is_flag=True, help="Also simple-salesforce and dlt (install them with: make bench-peers).")
@click.option("--only", multiple=True, help="Only these arms; may be given several times.")
@click.option("--repeats", default=1, type=click.IntRange(1, 20), help="Rounds of each arm; medians are reported.")
@click.option("--workers", default=1, type=click.IntRange(1, 32), help="LSync's worker processes.")
@click.option("--provider-ms", default=0, type=click.IntRange(0), help="How long each call to the provider takes.")
@click.option("--calls-at-once", default=16, type=click.IntRange(1, 64), help="The provider's limit, for all arms.")
@click.option("--latency-ms", default=0, type=click.IntRange(0), help="How long the org holds back each answer.")
@click.option("--json", "file", type=click.Path(dir_okay=False, path_type=Path), help="Where to write the summary.")
def bench(
    records: int,
    peers: bool,
    only: Sequence[str],
    repeats: int,
    workers: int,
    provider_ms: int,
    calls_at_once: int,
    latency_ms: int,
    file: Path | None,
) -> int:
    arms = choose_arms(peers=peers, peer_python=PEER_PYTHON.absolute(), postgresql=open_postgresql)
    unknown = sorted(set(only) - arms.keys())
    if unknown:
        raise click.BadParameter(f"There is no arm {unknown[0]}; choose from {', '.join(arms)}", param_hint="--only")
    profile = Profile(records, provider_ms=provider_ms, calls_at_once=calls_at_once, workers=workers)
    summary = run_benchmark(
        {name: arm for name, arm in arms.items() if not only or name in only},
        profile,
        latency_ms=latency_ms,
        repeats=repeats,
        say=lambda line: click.echo(line, err=True),
    )
    summary["profile"] = {"provider_ms": provider_ms, "calls_at_once": calls_at_once, "latency_ms": latency_ms}
    if file is not None:
        file.write_bytes(orjson.dumps(summary, option=orjson.OPT_INDENT_2) + b"\n")
    _print(summary)
    return 0


COLUMNS = ("records_per_second", "cpu_us_per_record", "peak_rss_mb", "api_calls_per_100k", "first_write_s", "wall_s")


def _print(summary: Mapping[str, Any]) -> None:
    click.echo(f"{'':32}" + "".join(f"{name:>20}" for name in COLUMNS))
    for arm in summary["arms"]:
        click.echo(f"{arm['name']:32}" + "".join(f"{arm[name]:>20,}" for name in COLUMNS))
    for name, ratio in summary["ratios"].items():
        click.echo(f"{name:40} {ratio}")
