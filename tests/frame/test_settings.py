import base64

import pytest

from lsync_flask.errors import FatalError
from lsync_flask.settings import read_settings

GOOD = {
    "LSYNC_SECRET_KEY": "0123456789abcdef" * 2,
    "LSYNC_ENCRYPTION_KEYS": base64.b64encode(b"e" * 32).decode(),
}


def test_the_defaults_are_the_embedded_database_and_redis(tmp_path):
    settings = read_settings({**GOOD, "LSYNC_INSTANCE": str(tmp_path)})

    assert settings.database == f"sqlite:///{tmp_path}/lsync.db"
    assert settings.redis == f"unix://{tmp_path}/redis.sock"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"LSYNC_SECRET_KEY": ""}, "LSYNC_SECRET_KEY is not set."),
        ({"LSYNC_SECRET_KEY": "short"}, "LSYNC_SECRET_KEY is missing or too short"),
        ({"LSYNC_SECRET_KEY": "changeme" * 3 + "eeeeeeee"}, "LSYNC_SECRET_KEY is easy to guess"),
        ({"LSYNC_ENCRYPTION_KEYS": base64.b64encode(bytes(32)).decode()}, "LSYNC_ENCRYPTION_KEYS must be keys"),
        ({"REDIS_URL": "redis://10.0.0.7:6379/0"}, "REDIS_URL names a server on another machine without a password"),
        ({"REDIS_URL": "redis://cache.internal"}, "REDIS_URL names a server on another machine without a password"),
        ({"FLASK_DEBUG": "1"}, "FLASK_DEBUG is set"),
        ({"LSYNC_ENCRYPTION_KEYS": "bm90IDMyIGJ5dGVz"}, "LSYNC_ENCRYPTION_KEYS must be keys of 32 bytes in base64"),
        ({"LSYNC_LOG_LEVEL": "LOUD"}, "LSYNC_LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR."),
        ({"LSYNC_SIGNED_REQUEST_AGE_S": "soon"}, "LSYNC_SIGNED_REQUEST_AGE_S"),
    ],
)
def test_a_missing_or_weak_setting_is_refused_by_name(change, sentence):
    with pytest.raises(FatalError, match=r"[A-Z]+_") as refused:
        read_settings({**GOOD, **change})

    assert sentence in str(refused.value)


def test_no_secret_shows_when_settings_are_printed():
    settings = read_settings({**GOOD, "SMTP_URL": "smtp://user:hunter2@mail.example"})

    assert "hunter2" not in repr(settings)
    assert GOOD["LSYNC_SECRET_KEY"] not in repr(settings)


@pytest.mark.parametrize(
    "url",
    [
        "unix:///run/redis.sock",
        "redis://127.0.0.1:6379/0",
        "redis://[::1]:1",
        "redis://localhost",
        "redis://:p@10.0.0.7",
    ],
)
def test_a_redis_on_this_machine_or_with_a_password_is_taken(url):
    assert read_settings({**GOOD, "REDIS_URL": url}).redis == url


def test_lists_are_read_from_commas():
    settings = read_settings({**GOOD, "LSYNC_ALLOWED_ORG_HOSTS": "127.0.0.1:1, localhost:2,"})

    assert settings.allowed_org_hosts == {"127.0.0.1:1", "localhost:2"}


def test_a_long_instance_path_still_gives_a_short_socket(tmp_path):
    settings = read_settings({**GOOD, "LSYNC_INSTANCE": str(tmp_path / ("x" * 120))})

    assert len(str(settings.redis_socket)) <= 100
