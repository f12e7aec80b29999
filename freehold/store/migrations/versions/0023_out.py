"""Clips of a tag, with a sound and made with another stand where they came out; sounds that no clip has are gone."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

INDEXES = {"ix_clip_tag_tag": ("clip_tag", "tag"), "ix_clip_making_source": ("clip_making", "source_id")}


def upgrade() -> None:
    for name, (table, of) in INDEXES.items():
        op.drop_index(name, table_name=table)
        op.add_column(table, sa.Column("published_at_us", sa.BigInteger(), nullable=True))
        op.execute(
            f"UPDATE {table} SET published_at_us = (SELECT published_at_us FROM clip WHERE clip.id = {table}.clip_id)"
        )
        op.create_index(name, table, [of, "published_at_us", "clip_id"], unique=False)
    op.drop_index("ix_clip_sound", table_name="clip")
    op.create_index("ix_clip_sound", "clip", ["sound_id", "published_at_us", "id"], unique=False)
    op.execute("UPDATE clip SET sound_id = NULL WHERE state IN ('refused', 'expired')")
    op.execute("DELETE FROM sound WHERE NOT EXISTS (SELECT 1 FROM clip WHERE clip.sound_id = sound.id)")
