"""How a clip is made with another: a duet, a stitch, or its sound."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "clip_making",
        sa.Column("clip_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("layout", sa.Text(), nullable=False),
        sa.Column("length_ms", sa.BigInteger(), nullable=False),
        sa.Column("own_percent", sa.BigInteger(), nullable=False),
        sa.Column("source_percent", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('duet', 'stitch', 'sound')", name=op.f("ck_clip_making_kind")),
        sa.ForeignKeyConstraint(["clip_id"], ["clip.id"], name=op.f("fk_clip_making_clip_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("clip_id", name=op.f("pk_clip_making")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_clip_making_source", "clip_making", ["source_id", "clip_id"], unique=False)
