"""What a user can do, one file per use case. Plain arguments: no request, no session."""
