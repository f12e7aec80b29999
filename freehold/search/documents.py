"""What the index keeps of a clip, an account, a comment: its words with what each weighs, and a few numbers.

Only what anybody may see is a document, so that nothing else can be found, counted or suggested.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from freehold.backends.database import Database
from freehold.domain.account import Account, Viewer
from freehold.domain.captions import read
from freehold.domain.clip import Clip, ClipView
from freehold.domain.finding import DocumentKind
from freehold.domain.ids import AccountId, ClipId, CommentId, ViewerId
from freehold.domain.verdict import Door
from freehold.governance.rules import decide
from freehold.search.language import language_of
from freehold.search.words import TERM_LENGTH, counts, tag_term, terms_of
from freehold.store import account as accounts
from freehold.store import captions
from freehold.store import clip as clips
from freehold.store import comment as comments
from freehold.store.comment import Comment
from freehold.store.sound import SoundRow

NOBODY = Viewer(ViewerId(0))
SATURATION, LENGTH_SHARE = 1.2, 0.5
"""k1 and b of BM25 (Robertson and Zaragoza 2009), whose F form adds up the fields before it saturates."""
HEAVIEST = 255
SAID = 160
"""What a tag or a name weighs that was asked for as such."""
US_A_SECOND = 1_000_000
READ_AT_ONCE = 400
SPOKEN_LIMIT = 20_000


@dataclass(frozen=True, slots=True)
class Field:
    text: str
    weight: float
    usual_terms: int
    """A text of so many terms is neither short nor long."""


@dataclass(frozen=True, slots=True)
class Document:
    kind: DocumentKind
    subject_id: int
    author_id: int
    clip_id: int
    time_s: int
    duration_ms: int
    quality: int
    """0 to 255."""
    weights: dict[str, int]
    """1 to 255."""
    tags: tuple[str, ...] = ()
    language: str = ""
    sound_id: int | None = None


def weights_of(fields: Sequence[Field], said: Iterable[str] = ()) -> dict[str, int]:
    """What each term weighs by how often it stands in which field; `said` are terms of a kind of their own."""
    sums: dict[str, float] = {}
    for field in fields:
        terms = terms_of(field.text)
        length = 1 - LENGTH_SHARE + LENGTH_SHARE * len(terms) / field.usual_terms
        for term, count in counts(terms).items():
            sums[term] = sums.get(term, 0.0) + field.weight * count / length
    weights = {term: max(1, round(HEAVIEST * value / (value + SATURATION))) for term, value in sums.items()}
    return weights | dict.fromkeys(said, SAID)


def mentions_in(text: str) -> set[str]:
    """Handles that stand in a text behind an @."""
    words = (word for word in text.lower().split() if word.startswith("@"))
    return {handle for word in words if (handle := word[1:].rstrip(".,:;!?)")[:TERM_LENGTH])}


def quality_of(clip: Clip) -> int:
    """By the share of watches that brought a like (of 2 in 40 to begin with), and by how many watches there were."""
    liked = (clip.like_count + 2) / (max(clip.watch_count, clip.like_count) + 40)
    reach = math.log2(1 + clip.watch_count) / 20
    return round(255 * (0.6 * min(1.0, liked / 0.25) + 0.4 * min(1.0, reach)))


def clip_document(view: ClipView, spoken: str = "") -> Document:
    """`spoken` is what its captions say."""
    clip, handle = view.clip, view.author.handle
    language = clip.language or language_of(clip.caption)
    said = {tag_term(tag) for tag in view.tags} | {f"@{one}" for one in mentions_in(clip.caption)}
    said |= {f"@{handle}", f"from:{handle}", f"kind:{clip.kind}"} | ({f"lang:{language}"} if language else set())
    fields = (
        Field(clip.caption, 1.0, 12),
        Field(" ".join(view.tags), 2.0, 3),
        Field(handle, 0.7, 1),
        Field(" ".join((clip.alt, *clip.picture_alts)), 0.5, 20),
        Field(spoken, 0.5, 80),
    )
    at_s = (clip.published_at_us or clip.created_at_us) // US_A_SECOND
    return Document(
        DocumentKind.CLIP, clip.id, clip.author_id, clip.id, at_s, clip.duration_ms, quality_of(clip),
        weights_of(fields, said), view.tags, language, clip.sound_id,
    )  # fmt: skip


def account_document(account: Account) -> Document:
    fields = (Field(account.handle, 3.0, 1), Field(account.display_name, 2.0, 2), Field(account.bio, 0.7, 12))
    quality = round(255 * min(1.0, math.log2(1 + account.follower_count) / 20))
    return Document(
        DocumentKind.ACCOUNT, account.id, account.id, 0, account.created_at_us // US_A_SECOND, 0, quality,
        weights_of(fields, [f"@{account.handle}"]),
    )  # fmt: skip


def comment_document(comment: Comment) -> Document:
    handle, language = comment.author.handle, language_of(comment.text)
    said = {f"@{one}" for one in mentions_in(comment.text)} | {f"@{handle}", f"from:{handle}"}
    said |= {f"lang:{language}"} if language else set()
    return Document(
        DocumentKind.COMMENT, comment.id, comment.author.id, comment.clip_id, comment.at_us // US_A_SECOND, 0, 0,
        weights_of([Field(comment.text, 1.0, 10)], said),
    )  # fmt: skip


def sound_document(row: SoundRow, uses: int) -> Document:
    sound = row.sound
    fields = (Field(sound.title, 3.0, 3), Field(sound.author_handle, 1.0, 1), Field(row.author_name, 1.0, 2))
    quality = round(255 * min(1.0, math.log2(1 + uses) / 16))
    return Document(
        DocumentKind.SOUND, sound.id, row.author_id, 0, row.created_at_us // US_A_SECOND, 0, quality,
        weights_of(fields, [f"@{sound.author_handle}", f"from:{sound.author_handle}"]),
    )  # fmt: skip


async def public_views(database: Database, clip_ids: Sequence[int], at_us: int) -> dict[int, ClipView]:
    """Those of the clips that anybody may find."""
    views: dict[ClipId, ClipView] = {}
    for start in range(0, len(clip_ids), READ_AT_ONCE):
        part = [ClipId(clip_id) for clip_id in clip_ids[start : start + READ_AT_ONCE]]
        views |= await clips.for_viewer(database, NOBODY, part, at_us)
    return {clip_id: view for clip_id, view in views.items() if decide(view, NOBODY, Door.SEARCH).is_shown}


async def spoken_in(database: Database, clip_ids: Sequence[int]) -> dict[int, str]:
    """What the captions of each clip say, in all languages; the first of what is long."""
    texts: dict[int, str] = {}
    for start in range(0, len(clip_ids), READ_AT_ONCE):
        found = await captions.texts_of(database, clip_ids[start : start + READ_AT_ONCE])
        for clip_id, tracks in found.items():
            cues = [cue.text for track in tracks for cue in read(track)]
            texts[clip_id] = "\n".join(cues)[:SPOKEN_LIMIT]
    return texts


async def account_documents(database: Database, account_ids: Sequence[int]) -> dict[int, Document | None]:
    found: dict[int, Document | None] = dict.fromkeys(account_ids)
    for start in range(0, len(account_ids), READ_AT_ONCE):
        part = [AccountId(account_id) for account_id in account_ids[start : start + READ_AT_ONCE]]
        for account in await accounts.by_ids(database, part):
            if account.suspended_at_us is None:
                found[account.id] = account_document(account)
    return found


async def comment_documents(database: Database, comment_ids: Sequence[int], at_us: int) -> dict[int, Document | None]:
    found: dict[int, Document | None] = dict.fromkeys(comment_ids)
    for start in range(0, len(comment_ids), READ_AT_ONCE):
        part = [CommentId(comment_id) for comment_id in comment_ids[start : start + READ_AT_ONCE]]
        rows = await comments.by_ids(database, part)
        views = await public_views(database, sorted({row.clip_id for row in rows}), at_us)
        found |= {row.id: comment_document(row) for row in rows if row.clip_id in views}
    return found
