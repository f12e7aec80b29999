"""Posts of words. What search keeps is built anew, so that kinds of clips are in it."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

INDEX = ("search_document", "search_block", "search_posting", "search_term", "search_gram", "search_tag", "tag_use",
         "sound_use")  # fmt: skip


def upgrade() -> None:
    for name, usual in (("kind", "video"), ("look", "")):
        op.add_column("clip", sa.Column(name, sa.Text(), server_default=usual, nullable=False))
    for table in INDEX:
        op.execute(f"DELETE FROM {table}")
    op.execute("UPDATE reader SET mark = 0 WHERE name = 'search'")
