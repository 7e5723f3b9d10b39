"""Ways to tell people; each comes through the entry points of group lsync.notifiers."""
