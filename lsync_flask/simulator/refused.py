"""A request at the side door that makes no sense."""

__all__ = ["Refused"]


class Refused(Exception):
    """The text says why; `status` is that of the answer."""

    def __init__(self, sentence: str, status: int = 400) -> None:
        super().__init__(sentence)
        self.status = status
