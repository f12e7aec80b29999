"""Shares of clips, and the shares, comments and follows that the learner was told of."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _owner(table: str, owner: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{owner}_id")
    return sa.ForeignKeyConstraint([f"{owner}_id"], [f"{owner}.id"], name=name, ondelete="CASCADE")


def upgrade() -> None:
    op.add_column("clip", sa.Column("share_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    op.create_table(
        "clip_share",
        sa.Column("clip_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        _owner("clip_share", "account"),
        _owner("clip_share", "clip"),
        sa.PrimaryKeyConstraint("clip_id", "account_id", name=op.f("pk_clip_share")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_clip_share_account", "clip_share", ["account_id"], unique=False)
    op.create_table(
        "told_reaction",
        sa.Column("journal_seq", ID, autoincrement=False, nullable=False),
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("clip_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=True),
        _owner("told_reaction", "account"),
        _owner("told_reaction", "clip"),
        sa.PrimaryKeyConstraint("journal_seq", name=op.f("pk_told_reaction")),
    )
    op.create_index("ix_told_reaction_account", "told_reaction", ["account_id"], unique=False)
    op.create_index("ix_told_reaction_clip", "told_reaction", ["clip_id"], unique=False)
