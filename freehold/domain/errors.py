"""The one tree of errors.

    FreeholdError
    ├── Refusal            the request cannot be met; `code` is stable and the text is fit for the client
    │   ├── BadInput          400  malformed, out of range, unknown field
    │   ├── NotSignedIn       401
    │   ├── Forbidden         403  signed in, but not allowed
    │   ├── Absent            404  no such thing, for this viewer
    │   ├── Conflict          409  the thing's state does not allow it, or the name is taken
    │   ├── Gone              410  it was there and is not any more
    │   ├── TooLarge          413  over a limit of size, count or quota
    │   ├── WrongMedia        415  bytes of a kind that is not taken
    │   ├── Throttled         429  too many; `retry_after_s` says when
    │   ├── Withheld          451  by order: who, where, since, reference
    │   ├── NotOffered        501  an answer of a form that there is not
    │   └── NoRoom            507  the disk is full; nothing that was acknowledged is lost
    ├── SettingError       a setting is unknown, malformed or contradicts another
    └── BackendError       a database or blob store failed in a way that a retry may mend

Anything else that is raised is a bug and keeps its traceback.
"""


class FreeholdError(Exception):
    """Root of everything that Freehold raises on purpose."""


class Refusal(FreeholdError):
    """The request cannot be met. `code` is stable, lower case with hyphens; `text` is for people."""

    http_status = 400

    def __init__(self, code: str, text: str) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text
        self.decided_by: str | None = None
        """The rule whose verdict this is, for the log; clients are not told."""


class BadInput(Refusal):
    http_status = 400


class NotSignedIn(Refusal):
    http_status = 401


class Forbidden(Refusal):
    http_status = 403


class Absent(Refusal):
    http_status = 404


class Conflict(Refusal):
    http_status = 409


class Gone(Refusal):
    http_status = 410


class TooLarge(Refusal):
    http_status = 413


class WrongMedia(Refusal):
    http_status = 415


class Throttled(Refusal):
    http_status = 429

    def __init__(self, code: str, text: str, retry_after_s: int) -> None:
        super().__init__(code, text)
        self.retry_after_s = retry_after_s


class Withheld(Refusal):
    """Withheld by order. Carries what a 451 must say: who demanded it, under what reference, since when."""

    http_status = 451

    def __init__(self, text: str, authority: str, reference: str, since_us: int) -> None:
        super().__init__("withheld", text)
        self.authority = authority
        self.reference = reference
        self.since_us = since_us


class NotOffered(Refusal):
    http_status = 501


class NoRoom(Refusal):
    http_status = 507


class SettingError(FreeholdError):
    """A setting is unknown, malformed or contradicts another; the text says which and how to mend it."""


class BackendError(FreeholdError):
    """A database or a blob store failed in a way that a retry may mend."""
