"""Comments on a clip that can be found, read from an index a few at a time."""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_search_document_clip", table_name="search_document")
    op.create_index("ix_search_document_clip", "search_document", ["clip_id", "kind", "number"], unique=False)
