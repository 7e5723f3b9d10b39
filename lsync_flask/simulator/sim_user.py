"""Who a request is made by."""

from dataclasses import dataclass

__all__ = ["SimUser"]


@dataclass(frozen=True, slots=True)
class SimUser:
    """Whoever a token stands for. An admin may do everything in setup; `view_setup` is View Setup and Configuration."""

    id: str
    username: str
    time_zone: str = "GMT"
    locale: str = "en_US"
    profile: str = "Standard User"
    is_admin: bool = False
    view_setup: bool = False
