"""The org's allocations, what is used of them, and how many calls of which kind were made."""

import threading
from collections import Counter
from dataclasses import dataclass, field

__all__ = ["Calls", "Limits"]

_FIXED = {
    "ActiveScratchOrgs": 3,
    "ConcurrentAsyncGetReportInstances": 200,
    "ConcurrentSyncReportRuns": 20,
    "DailyAnalyticsDataflowJobExecutions": 60,
    "DailyAsyncApexExecutions": 250000,
    "DailyBulkV2QueryFileStorageMB": 976562,
    "DailyDeliveredPlatformEvents": 50000,
    "DailyDurableStreamingApiEvents": 200000,
    "DailyGenericStreamingApiEvents": 200000,
    "DailyScratchOrgs": 6,
    "DailyStandardVolumePlatformEvents": 10000,
    "DailyStreamingApiEvents": 200000,
    "DailyWorkflowEmails": 390,
    "DataStorageMB": 10240,
    "FileStorageMB": 10240,
    "HourlyAsyncReportRuns": 1200,
    "HourlyODataCallout": 20000,
    "HourlyPublishedPlatformEvents": 250000,
    "HourlySyncReportRuns": 500,
    "HourlyTimeBasedWorkflow": 1000,
    "MassEmail": 5000,
    "MonthlyPlatformEventsUsageEntitlement": 0,
    "Package2VersionCreates": 6,
    "SingleEmail": 5000,
    "StreamingApiConcurrentClients": 1000,
}


class Calls:
    """A count of API calls by kind, such as query, collections or bulk_ingest."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_kind: Counter[str] = Counter()

    def add(self, kind: str) -> None:
        with self._lock:
            self._by_kind[kind] += 1

    def by_kind(self) -> dict[str, int]:
        with self._lock:
            return dict(self._by_kind)

    @property
    def total(self) -> int:
        with self._lock:
            return self._by_kind.total()


@dataclass
class Limits:
    """Allocations of a rolling day. `api_requests` is that of an Enterprise org with some licences."""

    api_requests: int = 115_000
    bulk_batches: int = 15_000
    query_jobs: int = 10_000
    api_used: int = 0
    batches_used: int = 0
    query_jobs_used: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def use_call(self) -> bool:
        """Count one API call; False, and nothing counted, when none is left."""
        with self._lock:
            if self.api_used >= self.api_requests:
                return False
            self.api_used += 1
            return True

    def use_batches(self, count: int) -> bool:
        with self._lock:
            self.batches_used += count
            return self.batches_used <= self.bulk_batches

    def use_query_job(self) -> bool:
        with self._lock:
            self.query_jobs_used += 1
            return self.query_jobs_used <= self.query_jobs

    def header(self) -> str:
        return f"api-usage={self.api_used}/{self.api_requests}"

    def spell(self) -> dict[str, dict[str, object]]:
        """The answer of `/limits`."""
        moving = {
            "DailyApiRequests": (self.api_requests, self.api_used),
            "DailyBulkApiBatches": (self.bulk_batches, self.batches_used),
            "DailyBulkV2QueryJobs": (self.query_jobs, self.query_jobs_used),
        }
        answer: dict[str, dict[str, object]] = {name: {"Max": most, "Remaining": most} for name, most in _FIXED.items()}
        answer |= {name: {"Max": most, "Remaining": most - used} for name, (most, used) in moving.items()}
        answer["PermissionSets"] = {"Max": 1500, "Remaining": 1490, "CreateCustom": {"Max": 1000, "Remaining": 990}}
        return dict(sorted(answer.items()))
