"""Topics, with those that a network begins with."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

TOPICS = (
    (
        "music",
        "Music",
        "music musique musik musica música guitar piano drums singing song songwriter dj",
    ),
    ("dance", "Dance", "dance danse tanz baile choreography ballet hiphop salsa tango"),
    ("comedy", "Comedy", "comedy funny humor humour sketch standup joke prank parody meme"),
    ("food", "Food", "food cooking recipe baking bread cake coffee vegan streetfood kitchen"),
    ("making", "Making", "diy craft crafts making ceramics pottery woodworking sewing knitting handmade repair"),
    ("art", "Art", "art drawing painting illustration design animation sculpture calligraphy photography"),
    ("animals", "Animals", "animals cat cats dog dogs bird birds horse pets wildlife"),
    ("nature", "Nature", "nature garden gardening plants flowers mountains ocean sea forest weather space"),
    ("travel", "Travel", "travel trip citywalk camping hiking roadtrip train bike cycling"),
    (
        "sport",
        "Sport",
        "sport sports football soccer basketball running climbing skate surf yoga fitness",
    ),
    ("science", "Science", "science physics chemistry biology maths astronomy history learn education howto"),
    ("technology", "Technology", "tech technology code coding programming electronics robots opensource linux"),
    ("games", "Games", "games gaming game chess speedrun indiegame boardgames"),
    ("books", "Books", "books book booktok reading poetry writing literature"),
    ("style", "Style", "style fashion makeup hair beauty outfit thrift"),
)


def upgrade() -> None:
    table = op.create_table(
        "topic",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_topic")),
        sa.UniqueConstraint("name", name=op.f("uq_topic_name")),
    )
    rows = [
        {"id": place, "name": name, "title": title, "place": place, "tags": tags}
        for place, (name, title, tags) in enumerate(TOPICS, start=1)
    ]
    op.bulk_insert(table, rows)
