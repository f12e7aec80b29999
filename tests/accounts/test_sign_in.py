"""Signing up and in, as actions: names, throttles, what is written."""

import asyncio
from random import Random

import pytest
from argon2 import PasswordHasher

from freehold.actions import account as actions
from freehold.actions.account import AccountRules, Asking, SignIn
from freehold.backends.database import Database
from freehold.domain.account import Account, Role
from freehold.domain.errors import BadInput, Conflict, Forbidden, NotSignedIn, Throttled
from freehold.store import account as accounts
from freehold.store import journal
from freehold.store import session as sessions

PASSWORD = "correct horse battery"
NOW_US = 1_760_000_000_000_000
RULES = AccountRules(guesses_per_handle=3, guesses_per_address=6, signups_per_address=2, guess_window_s=60)
RANDOM = Random(3)


def asking(address: str = "192.0.2.1", at_us: int = NOW_US) -> Asking:
    return Asking(address, "a browser", at_us)


async def sign_up(database: Database, handle: str, address: str = "", **more: str) -> Account:
    return await actions.sign_up(
        database, RULES, asking(address), handle=handle, password=PASSWORD, random=RANDOM, **more
    )


async def sign_in(
    database: Database, handle: str, password: str, address: str = "192.0.2.1", at_us: int = NOW_US
) -> Account:
    made = SignIn(RANDOM.randbytes(32), "web")
    return await actions.sign_in(
        database, RULES, asking(address, at_us), handle=handle, password=password, sign_in=made, random=RANDOM
    )


@pytest.mark.parametrize(
    ("handle", "kept"),
    [("ab", "ab"), ("@Ada", "ada"), (" ada.l_1 ", "ada.l_1"), ("_x_", "_x_"), ("a" * 30, "a" * 30)],
)
def test_a_name_is_kept_in_lower_case(handle: str, kept: str) -> None:
    assert actions.checked_handle(handle) == kept


@pytest.mark.parametrize(
    ("handle", "code"),
    [
        ("a", "handle-form"), ("a" * 31, "handle-form"), (".ada", "handle-form"), ("ada.", "handle-form"),
        ("a..b", "handle-form"), ("a b", "handle-form"), ("adä", "handle-form"), ("аda", "handle-form"),
        ("a\x00b", "handle-form"), ("ada\n", ""), ("", "handle-form"), ("Admin", "handle-reserved"),
        ("api", "handle-reserved"), ("settings", "handle-reserved"),
    ],
)  # fmt: skip
def test_names_that_are_not_taken_say_why(handle: str, code: str) -> None:
    if not code:
        assert actions.checked_handle(handle) == handle.strip()
        return
    with pytest.raises(BadInput) as refused:
        actions.checked_handle(handle)
    assert refused.value.code == code


def test_a_display_name_is_one_line_without_tricks() -> None:
    assert actions.checked_display_name("  Ada \n Lovelace 👩‍🚀 ") == "Ada Lovelace 👩‍🚀"
    for text, code in (("x" * 51, "long"), ("a\x00b", "characters"), ("a\u202eb", "characters")):
        with pytest.raises(BadInput) as refused:
            actions.checked_display_name(text)
        assert refused.value.code == f"display-name-{code}"


def test_a_bio_has_at_most_300_characters_and_its_lines() -> None:
    assert actions.checked_bio("a\r\nb ") == "a\nb"
    for text, code in (("x" * 301, "bio-long"), ("a\x07", "bio-characters")):
        with pytest.raises(BadInput) as refused:
            actions.checked_bio(text)
        assert refused.value.code == code


async def test_a_new_account_is_in_the_journal_by_its_id_alone(database: Database) -> None:
    account = await sign_up(database, "Ada", display_name="Ada L")
    (entry,) = await journal.after(database, 0, 10)
    assert (entry.kind, entry.subject_id, entry.actor_id) == ("account.created", account.id, account.id)
    assert entry.detail == {"role": "creator"}
    kept = await accounts.by_handle(database, "ada")
    assert kept == account and kept.display_name == "Ada L"


async def test_of_two_who_take_a_name_at_once_one_gets_it(database: Database) -> None:
    done = await asyncio.gather(*(sign_up(database, name) for name in ("ada", "ADA", "Ada")), return_exceptions=True)
    assert sum(isinstance(one, Account) for one in done) == 1
    assert all(isinstance(one, Conflict) and one.code == "handle-taken" for one in done if not isinstance(one, Account))


async def test_a_network_that_takes_nobody_says_so(database: Database) -> None:
    with pytest.raises(Forbidden) as refused:
        await actions.sign_up(
            database, AccountRules(is_signup_open=False), asking(), handle="ada", password=PASSWORD, random=RANDOM
        )
    assert refused.value.code == "sign-up-closed"


async def test_one_address_makes_only_so_many_accounts_in_a_window(database: Database) -> None:
    for handle in ("aa", "bb"):
        await sign_up(database, handle, "192.0.2.1")
    with pytest.raises(Throttled) as refused:
        await sign_up(database, "cc", "192.0.2.1")
    assert (refused.value.code, refused.value.retry_after_s) == ("sign-up-throttled", 60)
    await sign_up(database, "cc", "192.0.2.2")


async def test_a_wrong_password_and_a_name_that_nobody_has_are_told_alike(database: Database) -> None:
    await sign_up(database, "ada")
    refusals = []
    for handle, password in (("ada", "wrong password"), ("nobody", "wrong password"), ("\x00", PASSWORD)):
        with pytest.raises(NotSignedIn) as refused:
            await sign_in(database, handle.replace("\x00", "no one"), password)
        refusals.append((refused.value.code, refused.value.text))
    assert len(set(refusals)) == 1


async def test_guessing_at_one_name_is_throttled_from_wherever_it_comes_and_ends_with_the_window(
    database: Database,
) -> None:
    await sign_up(database, "ada")
    for number in range(3):
        with pytest.raises(NotSignedIn):
            await sign_in(database, "ada", "wrong password", f"192.0.2.{number}")
    with pytest.raises(Throttled) as refused:
        await sign_in(database, "Ada", PASSWORD, "198.51.100.1", NOW_US + 20_000_000)
    assert (refused.value.code, refused.value.retry_after_s) == ("sign-in-throttled", 40)
    assert (await sign_in(database, "ada", PASSWORD, at_us=NOW_US + 61_000_000)).handle == "ada"


async def test_people_who_type_an_address_for_a_name_are_not_counted_as_one(database: Database) -> None:
    for number in range(RULES.guesses_per_handle + 2):
        with pytest.raises(NotSignedIn):
            await sign_in(database, "ada@example.org", "wrong password", f"192.0.2.{number}")
    for _ in range(RULES.guesses_per_address):
        with pytest.raises(NotSignedIn):
            await sign_in(database, "ada@example.org", "wrong password", "198.51.100.1")
    with pytest.raises(Throttled):
        await sign_in(database, "ada@example.org", "wrong password", "198.51.100.1")


async def test_guesses_at_the_same_moment_cannot_pass_the_limit_together(database: Database) -> None:
    await sign_up(database, "ada")
    done = await asyncio.gather(
        *(sign_in(database, "ada", "wrong password", "") for _ in range(12)), return_exceptions=True
    )
    assert sum(isinstance(one, NotSignedIn) for one in done) == 3
    assert sum(isinstance(one, Throttled) for one in done) == 9


async def test_guessing_at_many_names_from_one_address_is_throttled(database: Database) -> None:
    await sign_up(database, "ada")
    for number in range(6):
        with pytest.raises(NotSignedIn):
            await sign_in(database, f"name{number}", "wrong password")
    with pytest.raises(Throttled):
        await sign_in(database, "ada", PASSWORD)
    await sign_in(database, "ada", PASSWORD, "192.0.2.2")


async def test_right_passwords_do_not_count_as_guesses(database: Database) -> None:
    await sign_up(database, "ada")
    for _ in range(8):
        await sign_in(database, "ada", PASSWORD)


async def test_whoever_guesses_at_the_door_cannot_lock_the_owner_out_of_a_running_session(database: Database) -> None:
    account = await sign_up(database, "ada")
    await sign_in(database, "ada", PASSWORD)
    for _ in range(5):
        with pytest.raises((NotSignedIn, Throttled)):
            await sign_in(database, "ada", "wrong password", "203.0.113.9")
    (session,) = await sessions.of_account(database, account.id, NOW_US)
    await actions.change_password(
        database, RULES, account, session.id, old=PASSWORD, new="another good one", at_us=NOW_US
    )
    assert [one.id for one in await sessions.of_account(database, account.id, NOW_US)] == [session.id]


async def test_guessing_the_old_password_inside_a_session_is_throttled_too(database: Database) -> None:
    account = await sign_up(database, "ada")

    async def change(old: str) -> None:
        await actions.change_password(database, RULES, account, None, old=old, new="another good one", at_us=NOW_US)

    for _ in range(3):
        with pytest.raises(Forbidden) as wrong:
            await change("wrong password")
        assert wrong.value.code == "password-wrong"
    with pytest.raises(Throttled):
        await change(PASSWORD)


async def test_a_hash_of_older_parameters_is_made_anew_at_sign_in(database: Database) -> None:
    account = await sign_up(database, "ada")
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    await database.transact(lambda tx: accounts.set_password_hash(tx, account.id, weak))
    await sign_in(database, "ada", PASSWORD)
    assert "m=19456,t=2,p=1" in str(await accounts.password_hash_of(database, account.id))
    await sign_in(database, "ada", PASSWORD)


async def test_the_throttle_knows_names_and_addresses_only_as_hashes_and_forgets_them(database: Database) -> None:
    await sign_up(database, "ada", "192.0.2.77")
    with pytest.raises(NotSignedIn):
        await sign_in(database, "ada", "wrong password", "192.0.2.77")
    subjects = " ".join(row["subject"] for row in await database.fetch("SELECT subject FROM throttle"))
    assert subjects and "ada" not in subjects.split(":") and "192.0.2.77" not in subjects
    await sign_in(database, "ada", PASSWORD, "", NOW_US + 61_000_000)
    assert not await database.fetch("SELECT subject FROM throttle")


async def test_roles_are_changed_by_operators_and_written_down(database: Database) -> None:
    ada, bob = await sign_up(database, "ada"), await sign_up(database, "bob")
    with pytest.raises(Forbidden):
        await actions.change_role(database, ada, "bob", Role.MODERATOR, NOW_US)
    operator = await actions.change_role(database, None, "ada", Role.OPERATOR, NOW_US)
    assert (await actions.change_role(database, operator, "bob", Role.MODERATOR, NOW_US)).role is Role.MODERATOR
    with pytest.raises(Forbidden) as refused:
        await actions.change_role(database, operator, "ada", Role.VIEWER, NOW_US)
    assert refused.value.code == "role-own"
    last = (await journal.after(database, 0, 10))[-1]
    assert (last.kind, last.subject_id, last.actor_id) == ("account.role-changed", bob.id, ada.id)
    assert last.detail == {"from": "creator", "to": "moderator"}


async def test_a_moderator_suspends_those_below_and_nobody_else(database: Database) -> None:
    moderator = await sign_up(database, "mod1")
    moderator = await actions.change_role(database, None, "mod1", Role.MODERATOR, NOW_US)
    await sign_up(database, "bob")
    await sign_up(database, "root1")
    await actions.change_role(database, None, "root1", Role.OPERATOR, NOW_US)
    assert (await actions.suspend(database, moderator, "bob", True, NOW_US)).suspended_at_us == NOW_US
    assert (await actions.suspend(database, moderator, "bob", False, NOW_US)).suspended_at_us is None
    for above in ("root1", "mod1"):
        with pytest.raises(Forbidden):
            await actions.suspend(database, moderator, above, True, NOW_US)
    kinds = [entry.kind for entry in await journal.after(database, 0, 20)]
    assert kinds[-2:] == ["account.suspended", "account.restored"]


async def test_a_sign_in_leaves_what_others_count_over_longer_windows(database: Database) -> None:
    await sign_up(database, "ada")
    await database.transact(lambda tx: sessions.count_guess(tx, "upload:1", NOW_US - 3_000_000_000, 3_600_000_000))
    await database.transact(lambda tx: sessions.count_guess(tx, "upload:2", NOW_US - 90_000_000_000, 1))
    await sign_in(database, "ada", PASSWORD)
    assert (await sessions.window_of(database, "upload:1"))[0] == 1, "its hour is not over"
    assert await sessions.window_of(database, "upload:2") == (0, 0)
