"""Captions by the machine: which they are, and which clips are to have them."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("clip_captions", sa.Column("is_by_machine", sa.BigInteger(), server_default="0", nullable=False))
    op.create_table(
        "clip_transcript",
        sa.Column("clip_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at_us", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["clip_id"], ["clip.id"], name=op.f("fk_clip_transcript_clip_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("clip_id", name=op.f("pk_clip_transcript")),
    )
    due = sa.text("due_at_us IS NOT NULL")
    op.create_index(
        "ix_clip_transcript_due",
        "clip_transcript",
        ["due_at_us"],
        unique=False,
        postgresql_where=due,
        sqlite_where=due,
    )
