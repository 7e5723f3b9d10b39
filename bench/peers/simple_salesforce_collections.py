"""Read page by page, ask the provider, and update 200 records a call by sObject Collections, one call after another."""

from itertools import islice

from common import SOQL, Job, as_update
from salesforce_client import connect

ROWS = 200


def main() -> None:
    job = Job()
    org = connect(job)
    records = org.query_all_iter(SOQL)
    while keys := [record["Id"] for record in islice(records, ROWS)]:
        updates = [as_update(key, values) for key, values in zip(keys, job.ask(keys), strict=True)]
        body = {"allOrNone": False, "records": updates}
        results = org.restful("composite/sobjects", method="PATCH", json=body)
        job.note_write()
        if not all(result["success"] for result in results):
            raise SystemExit(f"a record was refused: {next(r for r in results if not r['success'])}")
    job.finish()


main()
