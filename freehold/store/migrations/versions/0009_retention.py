"""How far the log of pages and watches is pruned, and what was counted of the watches that went."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "log_pruned",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_pruned")),
    )
    op.add_column("clip", sa.Column("pruned_watch_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False))
