"""`python -m lsync_flask` is `lsync`."""

from lsync_flask.cli import main

if __name__ == "__main__":
    main()
