"""Mail by SMTP."""

import hashlib
import smtplib
import ssl
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from ipaddress import ip_address
from typing import ClassVar
from urllib.parse import SplitResult, unquote, urlsplit

from lsync_flask.plugin_api import FatalError, Field, Http, Notice, Notifier, RetryableError, SecretStr

TIMEOUT_S = 20
PERMANENT = 500


class Smtp(Notifier):
    """Sends mail through an SMTP server.

    The same notice always carries the same Message-ID, so that a mail system can drop a repeat.
    """

    name: ClassVar[str] = "smtp"
    label: ClassVar[str] = "E-mail (SMTP)"
    api: ClassVar[int] = 1

    url: SecretStr = Field(title="Server", description="smtp://user:password@host:port, or smtps:// for TLS.")
    sender: str = Field(title="From", description="The address that mails come from.", min_length=3)

    def send(self, notice: Notice, http: Http) -> None:  # noqa: ARG002 - SMTP goes its own way out
        message = self._message(notice)
        try:
            with self._connect(urlsplit(self.url.get_secret_value())) as server:
                server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            raise FatalError("The mail server accepts none of the recipients.") from error
        except smtplib.SMTPResponseException as error:
            kind = FatalError if error.smtp_code >= PERMANENT else RetryableError
            raise kind(f"The mail server refused the mail with code {error.smtp_code}.") from error
        except (smtplib.SMTPException, OSError) as error:
            raise RetryableError("The mail server does not answer.") from error

    def _message(self, notice: Notice) -> EmailMessage:
        message = EmailMessage(policy=SMTP_POLICY)
        message["Subject"] = " ".join(notice.subject.split())
        message["From"] = self.sender
        message["To"] = ", ".join(notice.to)
        message["Message-ID"] = f"<{hashlib.sha256(notice.key.encode()).hexdigest()[:32]}@lsync>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(notice.text)
        message.add_alternative(notice.html, subtype="html")
        return message

    def _connect(self, url: SplitResult) -> smtplib.SMTP:
        host = url.hostname or "localhost"
        if url.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                host, url.port or 465, timeout=TIMEOUT_S, context=ssl.create_default_context()
            )
        else:
            server = smtplib.SMTP(host, url.port or 25, timeout=TIMEOUT_S)
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls(context=ssl.create_default_context())
            elif url.username and not is_this_machine(host):
                server.close()
                raise FatalError(f"{host} offers no TLS: the password was not sent. Use smtps:// or another server.")
        if url.username:
            server.login(unquote(url.username), unquote(url.password or ""))
        return server


def is_this_machine(host: str) -> bool:
    """Does what is sent to this host never leave the machine?"""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
