"""What an exact replay needs: what a page was ranked from, what the learner was told, and seals."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("page", sa.Column("ranked", sa.LargeBinary(), nullable=True))
    op.add_column("page", sa.Column("seal", sa.LargeBinary(), nullable=True))
    op.add_column("watch_batch", sa.Column("seal", sa.LargeBinary(), nullable=True))
    op.create_table(
        "told_item",
        sa.Column("journal_seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("clip_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("sound_id", sa.BigInteger(), nullable=True),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.Column("published_at_us", sa.BigInteger(), nullable=True),
        sa.Column("seal", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["clip_id"], ["clip.id"], name=op.f("fk_told_item_clip_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("journal_seq", "clip_id", name=op.f("pk_told_item")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_told_item_clip", "told_item", ["clip_id"], unique=False)
    op.create_table(
        "told_weights",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.Text(), nullable=False),
        sa.Column("in_force", sa.Text(), nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_told_weights")),
    )
