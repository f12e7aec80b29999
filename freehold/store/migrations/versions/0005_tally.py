"""What the reader of the log adds up for the operator's page of the feed."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), server_default=sa.text("0"), nullable=False) for name in names]


def _key(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=False)


def _id(name: str) -> sa.Column[int]:
    return sa.Column(name, ID, autoincrement=False, nullable=False)


def upgrade() -> None:
    op.create_table(
        "tally_hour",
        _id("at_us"),
        *_numbers("pages", "watches", "rated", "predicted", "value"),
        sa.PrimaryKeyConstraint("at_us", name=op.f("pk_tally_hour")),
    )
    op.create_table(
        "tally_source",
        _key("at_us"),
        _key("source"),
        _key("draw"),
        *_numbers("impressions", "watches", "share"),
        sa.PrimaryKeyConstraint("at_us", "source", "draw", name=op.f("pk_tally_source")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tally_newcomer",
        _key("at_us"),
        sa.Column("way", sa.Text(), nullable=False),
        _key("nth"),
        *_numbers("watches", "share"),
        sa.PrimaryKeyConstraint("at_us", "way", "nth", name=op.f("pk_tally_newcomer")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tally_author",
        _key("author_id"),
        _key("at_us"),
        *_numbers("impressions"),
        sa.PrimaryKeyConstraint("author_id", "at_us", name=op.f("pk_tally_author")),
        sqlite_with_rowid=False,
    )
    for table, id_name, *names in (
        ("tally_clip", "clip_id", "shown_at_us"),
        ("tally_viewer", "viewer_id", "watches"),
        ("tally_reach", "hours", "at_us", "clips", "shown_clips", "authors", "gini"),
    ):
        op.create_table(
            table,
            _id(id_name),
            *(sa.Column(name, sa.BigInteger(), nullable=False) for name in names),
            sa.PrimaryKeyConstraint(id_name, name=op.f(f"pk_{table}")),
        )
