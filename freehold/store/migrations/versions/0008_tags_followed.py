"""Tags that accounts follow, and a tag's uses by time."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tag_follow",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_tag_follow_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag_follow")),
        sa.UniqueConstraint("account_id", "tag", name=op.f("uq_tag_follow_account_id_tag")),
    )
    op.create_index("ix_tag_follow_tag", "tag_follow", ["tag"], unique=False)
    op.create_index("ix_tag_use_tag", "tag_use", ["tag", "at_us"], unique=False)
