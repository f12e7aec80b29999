"""What there is to see in each picture of a photo post."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("clip", sa.Column("picture_alts", sa.Text(), server_default="", nullable=False))
