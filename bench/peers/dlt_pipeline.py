"""dlt: a resource that reads, a transformer that asks the provider, a destination that updates by Collections."""

import os
import tempfile

from common import MAX_PER_CALL, SOQL, Job, as_update
from salesforce_client import connect

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "CRITICAL"

import dlt

ROWS = 200


def main() -> None:
    job = Job()
    org = connect(job)

    @dlt.resource(name="leads")
    def leads():
        page = []
        for record in org.query_all_iter(SOQL):
            page.append(record["Id"])
            if len(page) == MAX_PER_CALL:
                yield page
                page = []
        if page:
            yield page

    @dlt.transformer(data_from=leads, name="enriched")
    def enriched(keys):
        yield [{"id": key, **values} for key, values in zip(keys, job.ask(keys), strict=True)]

    @dlt.destination(batch_size=ROWS, naming_convention="direct", skip_dlt_columns_and_tables=True)
    def salesforce(items, _table):
        updates = [as_update(item["id"], item) for item in items]
        results = org.restful("composite/sobjects", method="PATCH", json={"allOrNone": False, "records": updates})
        job.note_write()
        if not all(result["success"] for result in results):
            raise ValueError(f"a record was refused: {next(r for r in results if not r['success'])}")

    with tempfile.TemporaryDirectory(prefix="lsync-dlt-") as folder:
        dlt.pipeline("bench", destination=salesforce, pipelines_dir=folder).run(enriched)
    job.finish()


main()
