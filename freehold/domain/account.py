"""Accounts, roles and viewers."""

from dataclasses import dataclass
from enum import StrEnum

from freehold.domain.ids import AccountId, SessionId, ViewerId
from freehold.domain.muting import Muting


class Role(StrEnum):
    """What an account may do; each role may do what those before it may."""

    VIEWER = "viewer"
    CREATOR = "creator"
    MODERATOR = "moderator"
    OPERATOR = "operator"

    def includes(self, other: "Role") -> bool:
        order = tuple(Role)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True)
class Account:
    id: AccountId
    handle: str
    display_name: str
    bio: str
    role: Role
    avatar_key: str | None
    created_at_us: int
    suspended_at_us: int | None
    follower_count: int
    following_count: int


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who is being shown something. Signed out, the id is that of a signed cookie and there is no account."""

    id: ViewerId
    account: Account | None = None
    session_id: SessionId | None = None
    muting: Muting | None = None
    """What feeds leave out for this viewer; None where nothing, or where no feed is asked for."""

    def may(self, role: Role) -> bool:
        return self.account is not None and self.account.role.includes(role)


NOBODY = Viewer(ViewerId(0))
"""Who stands for everybody: what is shown to nobody in particular may be passed on to anyone."""


@dataclass(frozen=True, slots=True)
class Session:
    id: SessionId
    kind: str
    agent: str
    created_at_us: int
    last_seen_at_us: int
    expires_at_us: int
