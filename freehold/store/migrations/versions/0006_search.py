"""The index that search looks things up in."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def _key(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _bytes(name: str, *, is_optional: bool = False) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(), nullable=is_optional)


def upgrade() -> None:
    op.create_table(
        "search_document",
        _key("kind"),
        _key("number"),
        *(_number(name) for name in ("subject_id", "author_id", "clip_id")),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "number", name=op.f("pk_search_document")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_search_document_subject", "search_document", ["kind", "subject_id"], unique=True)
    op.create_index("ix_search_document_author", "search_document", ["author_id"], unique=False)
    op.create_index("ix_search_document_clip", "search_document", ["clip_id"], unique=False)
    op.create_table(
        "search_block",
        _key("kind"),
        _key("block"),
        *(_bytes(name, is_optional=True) for name in ("qualities", "times_s", "durations_ms", "ids")),
        sa.PrimaryKeyConstraint("kind", "block", name=op.f("pk_search_block")),
    )
    op.create_table(
        "search_posting",
        _key("kind"),
        _bytes("term"),
        _key("block"),
        _bytes("postings"),
        sa.PrimaryKeyConstraint("kind", "term", "block", name=op.f("pk_search_posting")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "search_term",
        _key("kind"),
        _bytes("term"),
        _number("documents"),
        sa.PrimaryKeyConstraint("kind", "term", name=op.f("pk_search_term")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "search_gram",
        _key("kind"),
        _bytes("gram"),
        _key("letters"),
        _bytes("term"),
        sa.PrimaryKeyConstraint("kind", "gram", "letters", "term", name=op.f("pk_search_gram")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "search_tag",
        sa.Column("tag", sa.Text(), nullable=False),
        _bytes("folded"),
        _number("clips"),
        sa.PrimaryKeyConstraint("tag", name=op.f("pk_search_tag")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_search_tag_folded", "search_tag", ["folded"], unique=False)
    op.create_table(
        "tag_use",
        _key("clip_id"),
        sa.Column("tag", sa.Text(), nullable=False),
        _number("author_id"),
        sa.Column("language", sa.Text(), nullable=False),
        _number("at_us"),
        sa.PrimaryKeyConstraint("clip_id", "tag", name=op.f("pk_tag_use")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_tag_use_at", "tag_use", ["at_us"], unique=False)
