"""Where the files of the sitemap begin, so that nobody walks over all clips to find out."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sitemap_file",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("first_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "first_id", name=op.f("pk_sitemap_file")),
    )
