"""The script that its documentation suggests: read all, ask the provider, and update by Bulk API 2.0."""

from common import SOQL, Job
from salesforce_client import connect

from lsync_flask.benchmark.work import OBJECT, TARGETS


def main() -> None:
    job = Job()
    org = connect(job)
    keys = [record["Id"] for record in org.query_all_iter(SOQL)]
    records = [
        {"Id": key, **{one.field: values[one.output] for one in TARGETS}}
        for key, values in zip(keys, job.ask_all(keys), strict=True)
    ]
    for told in getattr(org.bulk2, OBJECT).update(records=records, batch_size=10_000, wait=1):
        job.note_write()
        if told["numberRecordsFailed"]:
            raise SystemExit(f"a job failed: {told}")
    job.finish()


main()
