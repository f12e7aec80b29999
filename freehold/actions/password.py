"""Passwords: which are taken, and argon2id in one thread of its own, never on the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from freehold.domain.errors import BadInput, Throttled

T = TypeVar("T")
MIN_LENGTH = 10
MAX_LENGTH = 256
MAX_WAITING = 64
"""Hashes that may wait for the thread (about 20 ms each) before further ones are refused."""
_COMMON = (
    "1234567890 0123456789 12345678910 123456789a 1111111111 0000000000 1q2w3e4r5t 1qaz2wsx3edc q1w2e3r4t5 qwertyuiop"
    " qwerty1234 qwerty12345 qwerty123456 qwertyuiop123 asdfghjkl1 zxcvbnm123 password12 password123 password1234"
    " passw0rd123 p@ssw0rd123 p@ssword123 mypassword letmein123 letmein1234 iloveyou123 iloveyou12 welcome123"
    " welcome1234 administrator admin12345 admin123456 changeme123 football123 baseball123 princess123 sunshine123"
    " superman123 monkey12345 dragon12345 abcdefghij abcdefghijk abc1234567 abc123456789 a1b2c3d4e5 trustno1234"
    " secret12345 freehold12 freehold123 correcthorsebatterystaple"
)
COMMON = frozenset(_COMMON.split())

# OWASP's second choice for argon2id: m = 19 MiB, t = 2, p = 1.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_THREAD = ThreadPoolExecutor(1, thread_name_prefix="argon2")
_WAITING: "set[asyncio.Future[Any]]" = set()


def check_new(password: str, handle: str) -> None:
    """`BadInput` with a code of its own for each reason why this password is not taken."""
    if len(password) < MIN_LENGTH:
        raise BadInput("password-short", f"A password has at least {MIN_LENGTH} characters.")
    if len(password) > MAX_LENGTH:
        raise BadInput("password-long", f"A password has at most {MAX_LENGTH} characters.")
    plain = password.lower()
    if plain.strip() == handle or handle * (len(plain) // len(handle)) == plain:
        raise BadInput("password-handle", "The password is the account's own name. Choose another.")
    if plain in COMMON or len(set(plain)) < 3:
        raise BadInput("password-common", "This password is among the first that anybody would try. Choose another.")


async def hash_new(password: str) -> str:
    return await _in_thread(_HASHER.hash, password)


async def is_right(password_hash: str | None, password: str) -> bool:
    """Whether the password is that of the hash; with no hash, False after the same work."""
    return await _in_thread(_verify, password_hash, password)


def needs_rehash(password_hash: str) -> bool:
    """Whether it was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(password_hash)


async def _in_thread(work: Callable[..., T], *arguments: str | None) -> T:
    if len(_WAITING) >= MAX_WAITING:
        raise Throttled("passwords-busy", "Too many people are signing in at this moment. Try again.", 3)
    future = asyncio.get_running_loop().run_in_executor(_THREAD, work, *arguments)
    _WAITING.add(future)
    future.add_done_callback(_WAITING.discard)
    return await future


def _verify(password_hash: str | None, password: str) -> bool:
    nobody = _hash_of_nobody()
    try:
        right = _HASHER.verify(password_hash or nobody, password[: MAX_LENGTH + 1])
    except (VerificationError, InvalidHashError):
        return False
    return right and password_hash is not None


@cache
def _hash_of_nobody() -> str:
    """What the password of a handle that nobody has is compared with, so that it takes as long as any other."""
    return _HASHER.hash("nobody has this password")
