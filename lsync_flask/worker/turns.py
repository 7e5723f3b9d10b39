"""A call's turn with its provider: waited for, and given back with what the call has shown of the provider."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite
from types import TracebackType
from typing import Self

import structlog

from lsync_flask.errors import LimitReached, RetryableError
from lsync_flask.limiter import NotYet, Outcome, Turn
from lsync_flask.worker.bench import LONGEST_TOLD_S, Bench, Gate

log = structlog.get_logger(__name__)


@dataclass
class Trip:
    """From the turn to the reply. `left_alone_s`, once it is over: how long nobody asks this provider now."""

    gate: Gate
    turn: Turn
    outcome: Outcome = "neither"
    told_s: float = 0.0
    left_alone_s: float = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.left_alone_s = self.gate.give_back(self.turn, self.outcome, self.told_s)
        if self.left_alone_s:
            log.warning("a provider fails and is left alone", seconds=round(self.left_alone_s))

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Around the provider's own code: its answer or its error tells how it is."""
        try:
            yield
        except RetryableError as error:
            self.told_s = seconds_told(error.after_s)
            if not error.after_s and not isinstance(error, LimitReached):
                self.outcome = "failed"
            raise
        self.outcome = "ok"


def seconds_told(after_s: object) -> float:
    """What a provider says of waiting, which may be anything, as seconds that can be waited; 0: nothing."""
    if not isinstance(after_s, int | float) or not isfinite(after_s):
        return 0.0
    return min(max(0.0, float(after_s)), LONGEST_TOLD_S)


def wait_for_turn(bench: Bench, records: int) -> Trip | float:
    """The trip of a call that may leave now, or the seconds until its bulk should come again.

    Raises:
        LimitReached: the provider fails and is left alone, so that the activity pauses until it is tried again.
    """
    answer = bench.gate.take(records)
    if not isinstance(answer, NotYet):
        return Trip(bench.gate, answer)
    if answer.why != "open":
        return answer.wait_s
    raise LimitReached(
        f"The provider {bench.recipe.provider.label} has failed several times in a row, so it is left alone for a "
        "while and then tried with one call. It goes on by itself.",
        reason="provider-down",
        after_s=answer.wait_s,
    )
