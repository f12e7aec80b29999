"""The clip that a sound was first heard in, and the prints by which sounds are known again."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sound", sa.Column("clip_id", sa.BigInteger(), nullable=True))
    op.add_column("sound", sa.Column("prints", sa.LargeBinary(), nullable=True))
    op.create_index("ix_sound_clip", "sound", ["clip_id"], unique=False)
    op.execute("UPDATE sound SET clip_id = (SELECT MIN(clip.id) FROM clip WHERE clip.sound_id = sound.id)")
    op.execute("UPDATE sound SET title = '' WHERE title LIKE 'original sound – @%'")
    op.create_table(
        "sound_print",
        sa.Column("print", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sound_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["sound_id"], ["sound.id"], name=op.f("fk_sound_print_sound_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("print", "sound_id", "place", name=op.f("pk_sound_print")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_sound_print_sound", "sound_print", ["sound_id"], unique=False)
