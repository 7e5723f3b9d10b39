"""`lsync simulator`: the simulated org and provider alone."""

from pathlib import Path

import click

from lsync_flask.simulator.features import FEATURES
from lsync_flask.simulator.serve import SimulatorOptions, run_simulator


@click.command(help="A local Salesforce org, Lightning page and provider. Prints one JSON line once it answers.")
@click.option("--port", default=0, help="Port of the org; 0 takes a free one.")
@click.option("--records", default=2_000, type=click.IntRange(0), help="How many unconverted leads it holds.")
@click.option("--seed", default=1, help="The same seed makes the same org.")
@click.option("--latency-ms", default=0, type=click.IntRange(0), help="How long each answer is held back.")
@click.option("--faults", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A fault plan (JSON).")
@click.option("--app-url", default="http://127.0.0.1:8700/canvas", help="Where the Canvas app is.")
@click.option("--lightning-port", default=0, help="Port of the Lightning page; 0 takes a free one.")
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), help="Where to keep the org's rows.")
@click.option(
    "--feature",
    "features",
    multiple=True,
    type=click.Choice(FEATURES),
    help="What the org has switched on; may be given several times.",
)
def simulator(
    port: int,
    records: int,
    seed: int,
    latency_ms: int,
    faults: Path | None,
    app_url: str,
    lightning_port: int,
    folder: Path | None,
    features: tuple[str, ...],
) -> None:
    run_simulator(
        SimulatorOptions(
            port=port,
            records=records,
            seed=seed,
            latency_ms=latency_ms,
            faults=faults,
            app_url=app_url,
            lightning_port=lightning_port,
            folder=folder,
            features=features,
        )
    )
