"""How many clips are in each state, counted from an index instead of from the clips."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_clip_state", "clip", ["state"], unique=False)
