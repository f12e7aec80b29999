"""Which sounds clips are with, by time. What search keeps is built anew, so that sounds are in it."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

INDEX = ("search_document", "search_block", "search_posting", "search_term", "search_gram", "search_tag", "tag_use")


def upgrade() -> None:
    op.create_table(
        "sound_use",
        sa.Column("clip_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sound_id", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("clip_id", name=op.f("pk_sound_use")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_sound_use_at", "sound_use", ["at_us"], unique=False)
    op.create_index("ix_sound_use_sound", "sound_use", ["sound_id", "at_us"], unique=False)
    for table in INDEX:
        op.execute(f"DELETE FROM {table}")
    op.execute("UPDATE reader SET mark = 0 WHERE name = 'search'")
