"""Comments in threads, with likes, an author's pin, earlier versions, and a filter that holds some back."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

COLUMNS = ("root_id", "reply_to_id", "edited_at_us", "held_at_us", "pinned_at_us")
COUNTS = ("like_count", "reply_count")
INDEXES = (
    ("ix_comment_newest", ["clip_id", "id"], "root_id IS NULL", False),
    ("ix_comment_liked", ["clip_id", "like_count", "id"], "root_id IS NULL", False),
    ("ix_comment_root", ["root_id", "id"], "root_id IS NOT NULL", False),
    ("ix_comment_held", ["clip_id", "id"], "held_at_us IS NOT NULL", False),
    ("ix_comment_pinned", ["clip_id"], "pinned_at_us IS NOT NULL", True),
)


def upgrade() -> None:
    with op.batch_alter_table("comment") as table:
        table.alter_column("author_id", existing_type=sa.BigInteger(), nullable=True)
        for name in COLUMNS:
            table.add_column(sa.Column(name, sa.BigInteger(), nullable=True))
        for name in COUNTS:
            table.add_column(sa.Column(name, sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    for name, columns, where, is_unique in INDEXES:
        some = sa.text(where)
        op.create_index(name, "comment", columns, unique=is_unique, sqlite_where=some, postgresql_where=some)
    op.create_table(
        "comment_like",
        sa.Column("comment_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comment.id"], name=op.f("fk_comment_like_comment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_comment_like_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("comment_id", "account_id", name=op.f("pk_comment_like")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_comment_like_account", "comment_like", ["account_id"], unique=False)
    op.create_table(
        "comment_version",
        sa.Column("comment_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("nth", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comment.id"], name=op.f("fk_comment_version_comment_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("comment_id", "nth", name=op.f("pk_comment_version")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "comment_filter",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_comment_filter_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_comment_filter")),
        sqlite_with_rowid=False,
    )
