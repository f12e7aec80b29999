"""Topics: set and delete, by operators."""

import re
from collections.abc import Iterable
from random import Random

from freehold.actions.clip import TAG_LENGTH_LIMIT, folded_tag, without_controls
from freehold.backends import Backends
from freehold.backends.database import Transaction
from freehold.domain.account import Account
from freehold.domain.errors import Absent, BadInput, Conflict
from freehold.domain.ids import TopicId, new_id
from freehold.domain.topic import NAME_LIMIT, TAGS_LIMIT, TITLE_LIMIT, TOPIC_LIMIT, Topic
from freehold.store import journal
from freehold.store import topic as topics
from freehold.store.journal import Kind


def checked_name(name: str) -> str:
    """`BadInput` (code `topic-name`)."""
    if not re.fullmatch(rf"[a-z0-9](?:[a-z0-9-]{{0,{NAME_LIMIT - 1}}})", name):
        raise BadInput("topic-name", f"A topic's name has 1 to {NAME_LIMIT} small letters, digits and hyphens.")
    return name


def checked_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """In their one spelling, each once; `BadInput` (code `topic-tags`)."""
    folded = tuple(dict.fromkeys(folded_tag(tag).strip().removeprefix("#") for tag in tags))
    is_right = all(re.fullmatch(r"\w+", tag) and len(tag) <= TAG_LENGTH_LIMIT for tag in folded)
    if not is_right or not 1 <= len(folded) <= TAGS_LIMIT:
        raise BadInput("topic-tags", f"A topic has 1 to {TAGS_LIMIT} tags.")
    return folded


async def set_topic(
    backends: Backends,
    account: Account,
    name: str,
    title: str,
    place: int,
    tags: Iterable[str],
    at_us: int,
    random: Random,
) -> Topic:
    """The topic of this name, as it is from here on. `BadInput` (codes `topic-name`, `topic-title`, `topic-place`,
    `topic-tags`), `Conflict` (code `topics-full`)."""
    name, kept_tags, title = checked_name(name), checked_tags(tags), without_controls(title.strip())
    if not 1 <= len(title) <= TITLE_LIMIT:
        raise BadInput("topic-title", f"A topic's title has 1 to {TITLE_LIMIT} characters.")
    if not 0 <= place <= 1_000:
        raise BadInput("topic-place", "A topic's place is a number from 0 to 1000.")

    async def work(transaction: Transaction) -> Topic:
        await topics.lock(transaction)
        known = await topics.by_name(transaction, name)
        if known is None and len(await topics.all_of_them(transaction)) >= TOPIC_LIMIT:
            raise Conflict("topics-full", f"There are {TOPIC_LIMIT} topics already. Delete one of them first.")
        topic = Topic(known.id if known else TopicId(new_id(at_us, random)), name, title, place, kept_tags)
        if topic != known:
            await topics.put(transaction, topic)
            await journal.append(transaction, Kind.TOPIC_SET, at_us=at_us, actor_id=account.id, subject_id=topic.id)
        return topic

    return await backends.database.transact(work)


async def delete_topic(backends: Backends, account: Account, name: str, at_us: int) -> None:
    """`Absent` (code `topic-absent`)."""

    async def work(transaction: Transaction) -> None:
        await topics.lock(transaction)
        topic = await topics.by_name(transaction, name)
        if topic is None:
            raise topic_absent()
        await topics.delete(transaction, topic.id)
        await journal.append(transaction, Kind.TOPIC_DELETED, at_us=at_us, actor_id=account.id, subject_id=topic.id)

    await backends.database.transact(work)


def topic_absent() -> Absent:
    return Absent("topic-absent", "There is no such topic.")
