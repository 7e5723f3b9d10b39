"""The demo's folder: private, gone at the end; after a kill -9, at the next start."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "lsync-demo-"
_PID = "pid"


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder that only this user can read; those of demos that were killed outright are removed first."""
    remove_left_behind()
    with tempfile.TemporaryDirectory(prefix=PREFIX) as name:
        folder = Path(name)
        (folder / _PID).write_text(str(os.getpid()))
        yield folder


def remove_left_behind() -> None:
    """Remove the folders of this user's demos whose process is gone."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if _is_left_behind(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _is_left_behind(folder: Path) -> bool:
    try:
        if folder.is_symlink() or folder.stat().st_uid != os.getuid():
            return False
        os.kill(int((folder / _PID).read_text()), 0)
    except ProcessLookupError:
        return True
    except (OSError, ValueError):
        return False  # just being made, or another user's
    return False
