"""An author's clips in the order in which they came out."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_clip_author_published", "clip", ["author_id", "published_at_us", "id"], unique=False)
