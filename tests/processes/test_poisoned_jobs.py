"""What somebody who can write into Redis puts there: a worker process runs none of it and goes on."""

import pytest

from lsync_flask import doorbell

from .test_worker import Plant, until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]


@pytest.fixture
def plant(filled, simulated_org, tmp_path):
    made = Plant(filled, simulated_org, tmp_path)
    yield made
    made.stop()


def test_what_is_not_on_the_list_is_not_run_whatever_redis_holds(plant, tmp_path):
    touched = tmp_path / "touched"
    queue = doorbell.queue(plant.redis)
    for function, arguments in (
        ("os.system", [f"touch {touched}"]),
        ("subprocess.run", [["touch", str(touched)]]),
        (doorbell.JOB, [f"touch {touched}"]),
        (doorbell.JOB, [1, 2]),
        (doorbell.JOB, [999_999]),
        ("lsync_flask.worker.jobs.nothing", [1]),
    ):
        queue.enqueue_call(function, args=arguments, timeout=-1)
    plant.redis.hset("rq:job:x", mapping={"data": b"\x80\x04garbage", "origin": "lsync", "status": "queued"})
    plant.redis.rpush(queue.key, "x")
    activity_id = plant.run()

    plant.start_worker("answers")

    plant.await_end(activity_id)
    assert until(lambda: queue.count == 0, 30)
    assert not touched.exists()
    assert "not on the list" in (plant.folder / "worker.log").read_text()
