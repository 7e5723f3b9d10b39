"""A mail server that keeps what it gets: no mail leaves the machine."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from threading import Lock
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope

KEPT = 1000
SIZE_LIMIT = 10_000_000


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as it was received."""

    number: int
    received_at: datetime
    sender: str
    to: tuple[str, ...]
    subject: str
    text: str
    html: str
    headers: dict[str, str] = field(default_factory=dict)


class Mailbox:
    """The mails received since the start, at most the last thousand."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._mails: list[Mail] = []
        self._count = 0
        self._lock = Lock()

    def all(self) -> list[Mail]:
        """Every mail kept, oldest first."""
        with self._lock:
            return list(self._mails)

    def find(self, number: int) -> Mail | None:
        """The mail with this number; None if it was never there or is no longer kept."""
        return next((mail for mail in self.all() if mail.number == number), None)

    def add(self, sender: str, to: list[str], content: bytes) -> Mail:
        """Keep one mail."""
        message = message_from_bytes(content, policy=policy.default)
        with self._lock:
            self._count += 1
            mail = Mail(
                number=self._count,
                received_at=self._now(),
                sender=sender,
                to=tuple(to),
                subject=str(message.get("Subject", "")),
                text=_part(message, "plain"),
                html=_part(message, "html"),
                headers={name: str(value) for name, value in message.items()},
            )
            self._mails = [*self._mails, mail][-KEPT:]
        return mail


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    return str(part.get_content()) if part is not None else ""


class Sink:
    """Takes every mail for every address."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_DATA(self, _server: SMTP, _session: Any, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        raw = content if isinstance(content, bytes) else str(content or "").encode()
        mail = self._mailbox.add(envelope.mail_from or "", list(envelope.rcpt_tos), raw)
        return f"250 Kept as number {mail.number}"
