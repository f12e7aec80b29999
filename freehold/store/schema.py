"""The one schema, for both databases. Migrations bring a database to it; a test holds the two together.

Truth values are integers 0 and 1 and times are microseconds since 1970 in UTC, in columns named `…_at_us`.
Everything that belongs to an account hangs on it by ON DELETE CASCADE, so that erasing is one statement;
the journal, impressions and watches hold ids without foreign keys: what they point to may be erased.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
SEQUENCE = BigInteger().with_variant(Integer(), "sqlite")


def _id(name: str = "id") -> Column[int]:
    """INTEGER on SQLite: then the id is the row's own key, and finding a row is one search instead of two."""
    return Column(name, SEQUENCE, primary_key=True, autoincrement=False)


def _number(name: str, default: int | None = None) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default=None if default is None else text(str(default)))


def _optional(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=True)


def _text(name: str, default: str | None = None) -> Column[str]:
    return Column(name, Text, nullable=False, server_default=default)


def _bytes(name: str) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=True)


def _key_number(name: str) -> Column[int]:
    return Column(name, BigInteger, primary_key=True, autoincrement=False)


def _key_bytes(name: str) -> Column[bytes]:
    """Bytes sort alike in both databases, whatever their collation; text does not."""
    return Column(name, LargeBinary, primary_key=True, nullable=False)


def _owned_by_account(name: str, *, primary_key: bool = False) -> Column[int]:
    owner = ForeignKey("account.id", ondelete="CASCADE")
    return Column(name, BigInteger, owner, nullable=False, primary_key=primary_key, autoincrement=False)


def _owned_by_clip(*, primary_key: bool = False) -> Column[int]:
    owner = ForeignKey("clip.id", ondelete="CASCADE")
    return Column("clip_id", BigInteger, owner, nullable=False, primary_key=primary_key, autoincrement=False)


def _owned_by_comment(*, primary_key: bool = False) -> Column[int]:
    owner = ForeignKey("comment.id", ondelete="CASCADE")
    return Column("comment_id", BigInteger, owner, nullable=False, primary_key=primary_key, autoincrement=False)


def _index_where(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """Of some of the rows only."""
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


account = Table(
    "account",
    metadata,
    _id(),
    _text("handle"),
    _text("display_name", ""),
    _text("bio", ""),
    _text("role"),
    _text("password_hash"),
    Column("avatar_key", Text, nullable=True),
    _number("created_at_us"),
    _optional("suspended_at_us"),
    _number("follower_count", 0),
    _number("following_count", 0),
    UniqueConstraint("handle"),
    CheckConstraint("role IN ('viewer', 'creator', 'moderator', 'operator')", name="role"),
)

session = Table(
    "session",
    metadata,
    _id(),
    _owned_by_account("account_id"),
    Column("token_sha256", LargeBinary, nullable=False),
    _text("kind"),
    _text("agent"),
    _number("created_at_us"),
    _number("last_seen_at_us"),
    _number("expires_at_us"),
    UniqueConstraint("token_sha256"),
    Index("ix_session_account", "account_id"),
)

throttle = Table(
    "throttle",
    metadata,
    Column("subject", Text, primary_key=True),
    _number("count"),
    _number("window_start_us"),
)

sound = Table(
    "sound",
    metadata,
    _id(),
    _owned_by_account("author_id"),
    _text("title"),
    _optional("clip_id"),
    _bytes("prints"),
    _number("created_at_us"),
    Index("ix_sound_author", "author_id"),
    Index("ix_sound_clip", "clip_id"),
)

sound_use = Table(
    "sound_use",
    metadata,
    _key_number("clip_id"),
    _number("sound_id"),
    _number("author_id"),
    _text("language"),
    _number("at_us"),
    Index("ix_sound_use_at", "at_us"),
    Index("ix_sound_use_sound", "sound_id", "at_us"),
    sqlite_with_rowid=False,
)

sound_print = Table(
    "sound_print",
    metadata,
    _key_number("print"),
    Column("sound_id", BigInteger, ForeignKey("sound.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    _key_number("place"),
    Index("ix_sound_print_sound", "sound_id"),
    sqlite_with_rowid=False,
)

clip = Table(
    "clip",
    metadata,
    _id(),
    _owned_by_account("author_id"),
    _text("state"),
    _number("state_since_us"),
    _optional("due_at_us"),
    Column("lease_owner", Text, nullable=True),
    _optional("lease_until_us"),
    _number("attempts", 0),
    _number("progress_permille", 0),
    Column("refusal_code", Text, nullable=True),
    Column("refusal_text", Text, nullable=True),
    _text("file_name", ""),
    _number("size_bytes", 0),
    Column("incoming_name", Text, nullable=True),
    Column("original_key", Text, nullable=True),
    Column("probe", Text, nullable=True),
    _text("caption", ""),
    _text("audience", "public"),
    _text("wish", "publish"),
    Column("sound_id", BigInteger, ForeignKey("sound.id", ondelete="SET NULL"), nullable=True),
    _number("duration_ms", 0),
    _number("width_px", 0),
    _number("height_px", 0),
    _text("tint", "#20262a"),
    _number("cover_ms", 0),
    Column("perceptual_hash", Text, nullable=True),
    _number("created_at_us"),
    _optional("published_at_us"),
    _optional("withdrawn_at_us"),
    _number("like_count", 0),
    _number("comment_count", 0),
    _number("watch_count", 0),
    _number("share_count", 0),
    _number("save_count", 0),
    _number("repost_count", 0),
    _number("pruned_watch_count", 0),
    _text("alt", ""),
    _text("language", ""),
    _number("is_ai_made", 0),
    _number("is_sensitive", 0),
    _text("permissions", ""),
    Column("cover_key", Text, nullable=True),
    _optional("publish_at_us"),
    _optional("edited_at_us"),
    _optional("pinned_at_us"),
    _text("caption_languages", ""),
    _text("kind", "video"),
    _text("look", ""),
    _text("picture_alts", ""),
    CheckConstraint("audience IN ('public', 'followers', 'private')", name="audience"),
    CheckConstraint("wish IN ('draft', 'publish')", name="wish"),
    Index("ix_clip_author", "author_id", "id"),
    Index("ix_clip_author_published", "author_id", "published_at_us", "id"),
    Index("ix_clip_sound", "sound_id", "published_at_us", "id"),
    Index("ix_clip_state", "state"),
    _index_where("ix_clip_due", "due_at_us", where="due_at_us IS NOT NULL"),
    _index_where("ix_clip_publish_at", "publish_at_us", where="publish_at_us IS NOT NULL"),
    _index_where("ix_clip_cover", "cover_key", where="cover_key IS NOT NULL"),
)

clip_version = Table(
    "clip_version",
    metadata,
    _owned_by_clip(primary_key=True),
    _key_number("until_us"),
    _text("changed"),
    _text("caption"),
    _text("alt"),
    _text("language"),
    _number("is_ai_made"),
    _number("is_sensitive"),
    _text("audience", "public"),
    sqlite_with_rowid=False,
)

clip_captions = Table(
    "clip_captions",
    metadata,
    _owned_by_clip(primary_key=True),
    Column("language", Text, primary_key=True),
    _text("text"),
    _number("at_us"),
    _number("is_by_machine", 0),
)

clip_transcript = Table(
    "clip_transcript",
    metadata,
    _owned_by_clip(primary_key=True),
    _text("state"),
    _optional("due_at_us"),
    _number("attempts"),
    _number("at_us"),
    _index_where("ix_clip_transcript_due", "due_at_us", where="due_at_us IS NOT NULL"),
)

clip_cut = Table(
    "clip_cut",
    metadata,
    _owned_by_clip(primary_key=True),
    _text("plan"),
)

clip_part = Table(
    "clip_part",
    metadata,
    Column("part_id", BigInteger, ForeignKey("clip.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    _owned_by_clip(),
    Index("ix_clip_part_clip", "clip_id"),
)

rendition = Table(
    "rendition",
    metadata,
    _owned_by_clip(primary_key=True),
    Column("name", Text, primary_key=True),
    _text("kind"),
    _text("blob_key"),
    _text("content_type"),
    _number("size_bytes"),
    _number("width_px", 0),
    _number("height_px", 0),
    _number("rate_bps", 0),
    _text("codecs", ""),
    Index("ix_rendition_blob", "blob_key"),
    sqlite_with_rowid=False,
)

clip_tag = Table(
    "clip_tag",
    metadata,
    _owned_by_clip(primary_key=True),
    Column("tag", Text, primary_key=True),
    # The clip's, so that the newest with a tag are found without looking at the others.
    _optional("published_at_us"),
    Index("ix_clip_tag_tag", "tag", "published_at_us", "clip_id"),
    sqlite_with_rowid=False,
)

clip_making = Table(
    "clip_making",
    metadata,
    _owned_by_clip(primary_key=True),
    _number("source_id"),
    _text("kind"),
    _text("layout"),
    _number("length_ms"),
    _number("own_percent"),
    _number("source_percent"),
    # The clip's.
    _optional("published_at_us"),
    CheckConstraint("kind IN ('duet', 'stitch', 'sound')", name="kind"),
    Index("ix_clip_making_source", "source_id", "published_at_us", "clip_id"),
    sqlite_with_rowid=False,
)

upload = Table(
    "upload",
    metadata,
    _id(),
    _owned_by_account("account_id"),
    _owned_by_clip(),
    _number("size_bytes"),
    _number("offset_bytes", 0),
    _text("metadata", ""),
    _number("created_at_us"),
    _number("expires_at_us"),
    _optional("finished_at_us"),
    Index("ix_upload_account", "account_id"),
    Index("ix_upload_clip", "clip_id"),
    Index("ix_upload_expires", "expires_at_us"),
)

clip_like = Table(
    "clip_like",
    metadata,
    _owned_by_clip(primary_key=True),
    _owned_by_account("account_id", primary_key=True),
    _number("at_us"),
    Index("ix_clip_like_account", "account_id"),
    sqlite_with_rowid=False,
)

clip_share = Table(
    "clip_share",
    metadata,
    _owned_by_clip(primary_key=True),
    _owned_by_account("account_id", primary_key=True),
    _number("at_us"),
    Index("ix_clip_share_account", "account_id"),
    sqlite_with_rowid=False,
)

clip_save = Table(
    "clip_save",
    metadata,
    _owned_by_clip(primary_key=True),
    _owned_by_account("account_id", primary_key=True),
    _number("place"),
    Index("ix_clip_save_account", "account_id", "place"),
    sqlite_with_rowid=False,
)

repost = Table(
    "repost",
    metadata,
    _id(),
    _owned_by_clip(),
    _owned_by_account("account_id"),
    _text("text"),
    UniqueConstraint("clip_id", "account_id"),
    Index("ix_repost_account", "account_id", "id"),
)

clip_list = Table(
    "clip_list",
    metadata,
    _id(),
    _owned_by_account("account_id"),
    _text("kind"),
    _text("name"),
    _number("is_public"),
    _number("created_at_us"),
    UniqueConstraint("account_id", "kind", "name"),
    CheckConstraint("kind IN ('collection', 'playlist')", name="kind"),
)

clip_list_entry = Table(
    "clip_list_entry",
    metadata,
    Column(
        "list_id",
        BigInteger,
        ForeignKey("clip_list.id", ondelete="CASCADE"),
        nullable=False,
        primary_key=True,
        autoincrement=False,
    ),
    _owned_by_clip(primary_key=True),
    _number("place"),
    Index("ix_clip_list_entry_place", "list_id", "place"),
    Index("ix_clip_list_entry_clip", "clip_id"),
    sqlite_with_rowid=False,
)

follow = Table(
    "follow",
    metadata,
    _owned_by_account("follower_id", primary_key=True),
    _owned_by_account("followed_id", primary_key=True),
    _number("at_us"),
    Index("ix_follow_followed", "followed_id"),
    sqlite_with_rowid=False,
)

tag_follow = Table(
    "tag_follow",
    metadata,
    _id(),
    _owned_by_account("account_id"),
    _text("tag"),
    _number("at_us"),
    UniqueConstraint("account_id", "tag"),
    Index("ix_tag_follow_tag", "tag"),
)

topic = Table(
    "topic",
    metadata,
    _id(),
    _text("name"),
    _text("title"),
    _number("place"),
    _text("tags"),
    UniqueConstraint("name"),
)

sitemap_file = Table(
    "sitemap_file",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("first_id", BigInteger, primary_key=True, autoincrement=False),
)
"""`clips` and `accounts`."""

comment = Table(
    "comment",
    metadata,
    _id(),
    _owned_by_clip(),
    # None: it was deleted, and its place is kept for the replies to it.
    Column("author_id", BigInteger, ForeignKey("account.id", ondelete="CASCADE"), nullable=True),
    _optional("root_id"),
    _optional("reply_to_id"),
    _text("text"),
    _number("at_us"),
    _optional("edited_at_us"),
    _optional("held_at_us"),
    _optional("pinned_at_us"),
    _number("like_count", 0),
    _number("reply_count", 0),
    Index("ix_comment_clip", "clip_id", "id"),
    Index("ix_comment_author", "author_id"),
    _index_where("ix_comment_newest", "clip_id", "id", where="root_id IS NULL"),
    _index_where("ix_comment_liked", "clip_id", "like_count", "id", where="root_id IS NULL"),
    _index_where("ix_comment_root", "root_id", "id", where="root_id IS NOT NULL"),
    _index_where("ix_comment_held", "clip_id", "id", where="held_at_us IS NOT NULL"),
    _index_where("ix_comment_pinned", "clip_id", where="pinned_at_us IS NOT NULL", unique=True),
)

comment_like = Table(
    "comment_like",
    metadata,
    _owned_by_comment(primary_key=True),
    _owned_by_account("account_id", primary_key=True),
    _number("at_us"),
    Index("ix_comment_like_account", "account_id"),
    sqlite_with_rowid=False,
)

comment_version = Table(
    "comment_version",
    metadata,
    _owned_by_comment(primary_key=True),
    _key_number("nth"),
    _text("text"),
    _number("at_us"),
    sqlite_with_rowid=False,
)

comment_filter = Table(
    "comment_filter",
    metadata,
    _owned_by_account("account_id", primary_key=True),
    _text("words"),
    sqlite_with_rowid=False,
)

withholding = Table(
    "withholding",
    metadata,
    _id(),
    _owned_by_clip(),
    _text("authority"),
    _text("reference"),
    _text("reason"),
    _number("since_us"),
    _optional("until_us"),
    Index("ix_withholding_clip", "clip_id"),
)

journal = Table(
    "journal",
    metadata,
    Column("seq", SEQUENCE, primary_key=True, autoincrement=True),
    _number("at_us"),
    _text("kind"),
    _optional("actor_id"),
    _number("subject_id"),
    _optional("object_id"),
    _text("detail", "{}"),
    sqlite_autoincrement=True,
)

reader = Table(
    "reader",
    metadata,
    Column("name", Text, primary_key=True),
    _number("mark", 0),
    _number("moved_at_us", 0),
)

page = Table(
    "page",
    metadata,
    Column("viewer_id", BigInteger, primary_key=True),
    Column("id", BigInteger, primary_key=True),
    _text("feed"),
    _number("at_us"),
    _text("model_hash"),
    _number("seed"),
    _number("seq"),
    _number("journal_seq"),
    Column("impressions", LargeBinary, nullable=False),
    _bytes("ranked"),
    _bytes("seal"),
    Index("ix_page_seq", "seq"),
    sqlite_with_rowid=False,
)

watch_batch = Table(
    "watch_batch",
    metadata,
    Column("seq", SEQUENCE, primary_key=True, autoincrement=True),
    _number("viewer_id"),
    _text("batch"),
    _number("at_us"),
    _number("journal_seq"),
    Column("watches", LargeBinary, nullable=False),
    _bytes("seal"),
    UniqueConstraint("viewer_id", "batch"),
    sqlite_autoincrement=True,
)

log_pruned = Table("log_pruned", metadata, _id(), _number("seq"), _number("at_us"))

snapshot = Table(
    "snapshot",
    metadata,
    _id(),
    _text("model_hash"),
    _number("watch_seq"),
    _number("journal_seq"),
    _number("at_us"),
    _text("blob_key"),
    _text("engine", ""),
)

told_item = Table(
    "told_item",
    metadata,
    Column("journal_seq", BigInteger, primary_key=True, autoincrement=False),
    _owned_by_clip(primary_key=True),
    _number("author_id"),
    _optional("sound_id"),
    _text("tags"),
    _number("duration_ms"),
    _optional("published_at_us"),
    _bytes("seal"),
    Index("ix_told_item_clip", "clip_id"),
    sqlite_with_rowid=False,
)

told_wish = Table(
    "told_wish",
    metadata,
    _id(),
    _owned_by_account("account_id"),
    _text("kind"),
    _text("tag"),
    _number("author_id"),
    _number("level"),
    _bytes("seal"),
    Index("ix_told_wish_account", "account_id"),
)

told_reaction = Table(
    "told_reaction",
    metadata,
    _id("journal_seq"),
    _owned_by_account("account_id"),
    _owned_by_clip(),
    _text("kind"),
    _number("at_us"),
    _bytes("seal"),
    Index("ix_told_reaction_account", "account_id"),
    Index("ix_told_reaction_clip", "clip_id"),
)

feed_wish = Table(
    "feed_wish",
    metadata,
    _owned_by_account("account_id", primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("tag", Text, primary_key=True),
    Column("author_id", BigInteger, primary_key=True, autoincrement=False),
    _number("level"),
    CheckConstraint("kind IN ('tag', 'author')", name="kind"),
    sqlite_with_rowid=False,
)

feed_choice = Table(
    "feed_choice",
    metadata,
    _owned_by_account("account_id", primary_key=True),
    _number("is_profiled", 1),
    _text("muted_words", "[]"),
    sqlite_with_rowid=False,
)

told_weights = Table(
    "told_weights",
    metadata,
    _id(),
    _number("at_us"),
    _text("changed"),
    _text("in_force"),
    _bytes("seal"),
)

tally_hour = Table(
    "tally_hour",
    metadata,
    _id("at_us"),
    _number("pages", 0),
    _number("watches", 0),
    _number("rated", 0),
    _number("predicted", 0),
    _number("value", 0),
)

tally_source = Table(
    "tally_source",
    metadata,
    Column("at_us", BigInteger, primary_key=True, autoincrement=False),
    Column("source", BigInteger, primary_key=True, autoincrement=False),
    Column("draw", BigInteger, primary_key=True, autoincrement=False),
    _number("impressions", 0),
    _number("watches", 0),
    _number("share", 0),
    sqlite_with_rowid=False,
)

tally_newcomer = Table(
    "tally_newcomer",
    metadata,
    Column("at_us", BigInteger, primary_key=True, autoincrement=False),
    Column("way", Text, primary_key=True),
    Column("nth", BigInteger, primary_key=True, autoincrement=False),
    _number("watches", 0),
    _number("share", 0),
    sqlite_with_rowid=False,
)

tally_author = Table(
    "tally_author",
    metadata,
    Column("author_id", BigInteger, primary_key=True, autoincrement=False),
    Column("at_us", BigInteger, primary_key=True, autoincrement=False),
    _number("impressions", 0),
    sqlite_with_rowid=False,
)

tally_clip = Table("tally_clip", metadata, _id("clip_id"), _number("shown_at_us"))

tally_viewer = Table("tally_viewer", metadata, _id("viewer_id"), _number("watches"))

tally_reach = Table(
    "tally_reach",
    metadata,
    _id("hours"),
    _number("at_us"),
    _number("clips"),
    _number("shown_clips"),
    _number("authors"),
    _number("gini"),
)

search_document = Table(
    "search_document",
    metadata,
    _key_number("kind"),
    _key_number("number"),
    _number("subject_id"),
    _number("author_id"),
    _number("clip_id"),
    _text("terms"),
    Index("ix_search_document_subject", "kind", "subject_id", unique=True),
    Index("ix_search_document_author", "author_id"),
    Index("ix_search_document_clip", "clip_id", "kind", "number"),
    sqlite_with_rowid=False,
)

search_block = Table(
    "search_block",
    metadata,
    _key_number("kind"),
    _key_number("block"),
    _bytes("qualities"),
    _bytes("times_s"),
    _bytes("durations_ms"),
    _bytes("ids"),
)

search_posting = Table(
    "search_posting",
    metadata,
    _key_number("kind"),
    _key_bytes("term"),
    _key_number("block"),
    Column("postings", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

search_term = Table(
    "search_term",
    metadata,
    _key_number("kind"),
    _key_bytes("term"),
    _number("documents"),
    sqlite_with_rowid=False,
)

search_gram = Table(
    "search_gram",
    metadata,
    _key_number("kind"),
    _key_bytes("gram"),
    _key_number("letters"),
    _key_bytes("term"),
    sqlite_with_rowid=False,
)

search_tag = Table(
    "search_tag",
    metadata,
    Column("tag", Text, primary_key=True),
    Column("folded", LargeBinary, nullable=False),
    _number("clips"),
    Index("ix_search_tag_folded", "folded"),
    sqlite_with_rowid=False,
)

tag_use = Table(
    "tag_use",
    metadata,
    _key_number("clip_id"),
    Column("tag", Text, primary_key=True),
    _number("author_id"),
    _text("language"),
    _number("at_us"),
    Index("ix_tag_use_at", "at_us"),
    Index("ix_tag_use_tag", "tag", "at_us"),
    sqlite_with_rowid=False,
)
