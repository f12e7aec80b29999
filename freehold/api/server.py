"""What the routes work with, and what one call carries."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from starlette.requests import Request

from freehold.actions.account import AccountRules
from freehold.actions.upload import Intake, UploadRules
from freehold.backends import Backends
from freehold.domain.account import Account, Viewer
from freehold.domain.errors import NotSignedIn
from freehold.feed.feed import Feed
from freehold.media.card import AT_ONCE
from freehold.media.jail import Jail
from freehold.media.limits import Limits
from freehold.search.trends import Trends


@dataclass(frozen=True, slots=True)
class Server:
    """One running server's parts, as `app.py` put them together."""

    name: str
    """What the network calls itself."""
    origin: str
    """`https://host[:port]` as browsers see it; "" accepts whatever Host says (loopback only)."""
    secret: bytes
    """Signs viewer cookies and CSRF tokens."""
    incoming_dir: Path
    """Uploads under way."""
    intake: Intake
    """The same, with what taking them in needs."""
    jail: Callable[[], Jail]
    """Where this process decodes; found out at the first call, which takes a moment. `SettingError` without one."""
    backends: Backends
    feed: Feed
    account_rules: AccountRules
    upload_rules: UploadRules
    media_limits: Limits
    transcribes: bool
    """Whether clips get captions by the machine here."""
    trends: Trends
    clock: Callable[[], int]
    """Microseconds since 1970."""
    random: Random
    trusts_proxy: bool = False
    is_working: Callable[[], bool] = lambda: True
    """Whether the workers that belong to this process are alive."""
    drawing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    """Held while a picture of words is drawn."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request with what was found out about it before its route ran."""

    request: Request
    server: Server
    viewer: Viewer
    at_us: int
    reference: str
    """Names this request in the logs and in the answer, for whoever reports a fault."""

    @property
    def account(self) -> Account:
        """The signed-in account; `NotSignedIn` where there is none."""
        if self.viewer.account is None:
            raise NotSignedIn("sign-in-needed", "Sign in first.")
        return self.viewer.account
