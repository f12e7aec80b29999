"""Whom what a clip said before was for; of what is private nothing is kept."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("clip_version", sa.Column("audience", sa.Text(), server_default="public", nullable=False))
    op.execute("DELETE FROM clip_version WHERE clip_id IN (SELECT id FROM clip WHERE audience = 'private')")
    op.execute("UPDATE clip SET edited_at_us = NULL WHERE audience = 'private'")
