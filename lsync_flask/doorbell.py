"""The doorbell: a small RQ job that says "there is work on activity 42". The only file that knows RQ's queue.

The job is JSON, one integer, never retried by RQ; when it is lost, the reconciler rings again from the ledger.
"""

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

from lsync_flask.errors import RetryableError

QUEUE = "lsync"
JOB = "lsync_flask.worker.jobs.drain"
FAILURE_KEPT_S = 3_600


def connect(url: str, timeout_s: float = 10.0) -> Redis:
    """A Redis connection that gives up instead of hanging."""
    return Redis.from_url(
        url, socket_timeout=timeout_s, socket_connect_timeout=min(timeout_s, 5.0), health_check_interval=30
    )


def queue(connection: Redis) -> Queue:
    return Queue(QUEUE, connection=connection, serializer=JSONSerializer)


def ring(connection: Redis, activity_id: int) -> None:
    """Put the activity's number into the queue.

    Raises:
        RetryableError: Redis does not answer; the reconciler will ring.
    """
    try:
        # No time limit of RQ's: a plugin could swallow it. The drain ends by itself after its slice.
        queue(connection).enqueue_call(JOB, args=(activity_id,), timeout=-1, result_ttl=0, failure_ttl=FAILURE_KEPT_S)
    except RedisError as error:
        raise RetryableError("Redis does not answer; the activity starts as soon as it does.") from error


def is_up(connection: Redis) -> bool:
    try:
        return bool(connection.ping())
    except RedisError:
        return False
