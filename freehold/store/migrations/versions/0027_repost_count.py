"""How many reposted a clip, kept with it: pages show that of each."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("clip", sa.Column("repost_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    op.execute(
        "UPDATE clip SET repost_count = (SELECT COUNT(*) FROM repost WHERE repost.clip_id = clip.id)"
        " WHERE id IN (SELECT clip_id FROM repost)"
    )
