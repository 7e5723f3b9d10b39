"""simple-salesforce against an org that speaks plain http on this machine: the library itself knows https alone."""

import requests
from common import Job
from simple_salesforce import Salesforce


class _Plain(requests.adapters.HTTPAdapter):
    def send(self, request, **options):
        request.url = request.url.replace("https://", "http://", 1)
        return super().send(request, **options)


def connect(job: Job) -> Salesforce:
    session = requests.Session()
    host = job.org_url.removeprefix("http://")
    session.mount(f"https://{host}", _Plain())
    return Salesforce(session_id=job.token, instance=host, version="67.0", session=session)
