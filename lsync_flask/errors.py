"""One tree of errors, ordered by what the caller does next. Every text is a sentence that a user may read."""

from collections.abc import Mapping


class LsyncError(Exception):
    """The root: its text may be shown to the user."""

    @property
    def sentence(self) -> str:
        """What to show."""
        return str(self)


class FatalError(LsyncError):
    """Stop: doing the same again will not help."""


class NotFound(FatalError):
    """There is no such thing in this org (or it belongs to another one, which must look the same)."""


class NotAllowed(FatalError):
    """The user's role does not allow this."""


class Conflict(FatalError):
    """It cannot be done in the present state, such as a second run while one is going on."""


class GrantLost(FatalError):
    """Salesforce no longer lets us act for this user: the activity waits until an admin reconnects the org."""


class RetryableError(LsyncError):
    """The same call may work later.

    `after_s` says how many seconds to wait; None leaves it to the caller.
    """

    def __init__(self, sentence: str, *, after_s: float | None = None) -> None:
        super().__init__(sentence)
        self.after_s = after_s


class LimitReached(RetryableError):
    """A limit of Salesforce or of the provider is used up: the activity pauses, with this reason, and never fails.

    `reason` is one of the short words of an activity's status, such as `salesforce-limit` or `credits`.
    """

    def __init__(self, sentence: str, *, reason: str, after_s: float | None = None) -> None:
        super().__init__(sentence, after_s=after_s)
        self.reason = reason


class OutcomeUnknown(RetryableError):
    """The request left and no answer came back: it may or may not have had its effect."""


class RecordRejected(LsyncError):
    """Skip this record, with this reason; the others go on."""

    def __init__(self, sentence: str, *, code: str = "REJECTED") -> None:
        super().__init__(sentence)
        self.code = code


class PluginFailed(RecordRejected):
    """A plugin raised something it should not have: the record is rejected and the plugin's name is in the text."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, code="PLUGIN_FAILED")


class InvalidParams(LsyncError):
    """What the user typed cannot be used; `problems` maps a field's name to its sentence, for the form to show."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__("; ".join(f"{name}: {text}" if name else text for name, text in self.problems.items()))


class TooMany(LsyncError):
    """Too often within a minute; the same may be asked again when it is over."""


class SignedRequestRefused(LsyncError):
    """A Canvas signed request that is not to be trusted. `reason` is for the log; the caller never learns it."""

    def __init__(self, reason: str) -> None:
        super().__init__("This page could not be opened. Please open LSync from its tab in Salesforce.")
        self.reason = reason


class Interrupted(BaseException):
    """A time limit or a shutdown. No plugin's `except Exception` can swallow it."""
