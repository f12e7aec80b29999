"""Saved clips, and lists of clips: collections and playlists."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("clip", sa.Column("save_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    op.create_table(
        "clip_save",
        sa.Column("clip_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["clip_id"], ["clip.id"], name=op.f("fk_clip_save_clip_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_clip_save_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("clip_id", "account_id", name=op.f("pk_clip_save")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_clip_save_account", "clip_save", ["account_id", "place"], unique=False)
    op.create_table(
        "clip_list",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_public", sa.BigInteger(), nullable=False),
        sa.Column("created_at_us", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('collection', 'playlist')", name=op.f("ck_clip_list_kind")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_clip_list_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clip_list")),
        sa.UniqueConstraint("account_id", "kind", "name", name=op.f("uq_clip_list_account_id_kind_name")),
    )
    op.create_table(
        "clip_list_entry",
        sa.Column("list_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("clip_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["list_id"], ["clip_list.id"], name=op.f("fk_clip_list_entry_list_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["clip_id"], ["clip.id"], name=op.f("fk_clip_list_entry_clip_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("list_id", "clip_id", name=op.f("pk_clip_list_entry")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_clip_list_entry_place", "clip_list_entry", ["list_id", "place"], unique=False)
    op.create_index("ix_clip_list_entry_clip", "clip_list_entry", ["clip_id"], unique=False)
