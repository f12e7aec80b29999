"""What an author says of a clip besides its caption, when it is to be published, what it said before, pins."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TEXTS = ("alt", "language", "permissions")
TRUTHS = ("is_ai_made", "is_sensitive")
TIMES = ("publish_at_us", "edited_at_us", "pinned_at_us")


def upgrade() -> None:
    for name in TEXTS:
        op.add_column("clip", sa.Column(name, sa.Text(), server_default="", nullable=False))
    for name in TRUTHS:
        op.add_column("clip", sa.Column(name, sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    op.add_column("clip", sa.Column("cover_key", sa.Text(), nullable=True))
    for name in TIMES:
        op.add_column("clip", sa.Column(name, sa.BigInteger(), nullable=True))
    for index, column in (("ix_clip_publish_at", "publish_at_us"), ("ix_clip_cover", "cover_key")):
        is_there = sa.text(f"{column} IS NOT NULL")
        op.create_index(index, "clip", [column], sqlite_where=is_there, postgresql_where=is_there)
    op.create_table(
        "clip_version",
        sa.Column("clip_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("until_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("changed", sa.Text(), nullable=False),
        sa.Column("caption", sa.Text(), nullable=False),
        sa.Column("alt", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("is_ai_made", sa.BigInteger(), nullable=False),
        sa.Column("is_sensitive", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["clip_id"], ["clip.id"], name=op.f("fk_clip_version_clip_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("clip_id", "until_us", name=op.f("pk_clip_version")),
        sqlite_with_rowid=False,
    )
