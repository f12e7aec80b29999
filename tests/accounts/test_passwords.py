"""Passwords: which are taken, and how they are kept."""

import asyncio
import threading
import time

import pytest

from freehold.actions import password
from freehold.domain.errors import BadInput, Throttled


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("short", "password-short"),
        ("x" * 257, "password-long"),
        ("some.handle", "password-handle"),
        ("Some.Handle", "password-handle"),
        ("some.handlesome.handle", "password-handle"),
        ("password123", "password-common"),
        ("QwertyUiop", "password-common"),
        ("aaaaaaaaaaaa", "password-common"),
        ("ababababababab", "password-common"),
    ],
)
def test_each_bad_password_has_its_own_refusal(text: str, code: str) -> None:
    with pytest.raises(BadInput) as refused:
        password.check_new(text, "some.handle")
    assert refused.value.code == code


@pytest.mark.parametrize("text", ["correct horse battery", "ten chars!", "пароль для меня", "x1" + "y" * 254])
def test_good_passwords_are_taken(text: str) -> None:
    password.check_new(text, "some.handle")


async def test_a_password_is_kept_as_argon2id_with_19_mib_in_two_passes() -> None:
    kept = await password.hash_new("correct horse battery")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await password.is_right(kept, "correct horse battery")
    assert not await password.is_right(kept, "correct horse batterx")
    assert not password.needs_rehash(kept)


async def test_one_password_is_never_kept_twice_alike() -> None:
    assert await password.hash_new("correct horse battery") != await password.hash_new("correct horse battery")


async def test_a_handle_that_nobody_has_costs_as_much_as_a_wrong_password() -> None:
    kept = await password.hash_new("correct horse battery")
    await password.is_right(None, "warm up")

    async def cpu_s(hash_: str | None) -> float:
        began = time.process_time()
        for _ in range(6):
            assert not await password.is_right(hash_, "some other password")
        return time.process_time() - began

    somebody, nobody = await cpu_s(kept), await cpu_s(None)
    assert 0.5 < nobody / somebody < 2


async def test_even_the_password_of_nobody_opens_nothing() -> None:
    assert not await password.is_right(None, "nobody has this password")


async def test_hashing_runs_in_one_thread_of_its_own_and_the_loop_goes_on() -> None:
    hashing = asyncio.gather(*(password.hash_new(f"correct horse {number}") for number in range(8)))
    turns = 0
    while not hashing.done():
        await asyncio.sleep(0.001)
        turns += 1
    await hashing
    assert turns > 20
    assert sum(thread.name.startswith("argon2") for thread in threading.enumerate()) == 1


async def test_more_hashes_than_can_wait_are_refused_with_a_time_to_come_back() -> None:
    waiting = [
        asyncio.ensure_future(password.hash_new("correct horse battery")) for _ in range(password.MAX_WAITING + 5)
    ]
    done = await asyncio.gather(*waiting, return_exceptions=True)
    refused = [one for one in done if isinstance(one, Throttled)]
    assert len(refused) == 5 and refused[0].retry_after_s > 0
