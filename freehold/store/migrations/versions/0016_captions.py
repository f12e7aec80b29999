"""Captions of clips, by language."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("clip", sa.Column("caption_languages", sa.Text(), server_default="", nullable=False))
    op.create_table(
        "clip_captions",
        sa.Column("clip_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["clip_id"], ["clip.id"], name=op.f("fk_clip_captions_clip_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("clip_id", "language", name=op.f("pk_clip_captions")),
    )
