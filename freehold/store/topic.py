"""Topics by their places."""

from freehold.backends.database import Database, Row, Transaction
from freehold.domain.ids import TopicId
from freehold.domain.topic import Topic


def _topic_of(row: Row) -> Topic:
    return Topic(TopicId(row["id"]), row["name"], row["title"], row["place"], tuple(row["tags"].split()))


async def all_of_them(source: Database | Transaction) -> list[Topic]:
    rows = await source.fetch("SELECT id, name, title, place, tags FROM topic ORDER BY place, name")
    return [_topic_of(row) for row in rows]


async def by_name(source: Database | Transaction, name: str) -> Topic | None:
    rows = await source.fetch("SELECT id, name, title, place, tags FROM topic WHERE name = $1", name)
    return _topic_of(rows[0]) if rows else None


async def put(transaction: Transaction, topic: Topic) -> None:
    """Insert it, or replace the one of its id."""
    await transaction.execute("DELETE FROM topic WHERE id = $1", topic.id)
    await transaction.execute(
        "INSERT INTO topic (id, name, title, place, tags) VALUES ($1, $2, $3, $4, $5)",
        topic.id,
        topic.name,
        topic.title,
        topic.place,
        " ".join(topic.tags),
    )


async def delete(transaction: Transaction, topic_id: TopicId) -> None:
    await transaction.execute("DELETE FROM topic WHERE id = $1", topic_id)


async def lock(transaction: Transaction) -> None:
    """Let no other transaction that changes topics run beside this one."""
    if transaction.dialect == "postgresql":
        await transaction.execute("LOCK TABLE topic IN SHARE ROW EXCLUSIVE MODE")
