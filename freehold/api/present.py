"""How things look to clients: the shapes of the native API, which the pages are rendered from as well."""

from collections.abc import Sequence
from typing import Any, TypedDict

from freehold.domain.account import Account, Viewer
from freehold.domain.clip import Author, ClipView, Rendition, RenditionKind
from freehold.domain.ids import AccountId, PageId, id_text
from freehold.feed.page import Page, Served
from freehold.feed.why import Why


class AuthorShape(TypedDict):
    id: str
    handle: str
    display_name: str
    avatar_url: str | None


class SoundShape(TypedDict):
    id: str
    title: str


class RenditionShape(TypedDict):
    url: str
    width_px: int
    height_px: int
    rate_bps: int
    size_bytes: int
    codecs: str


class ClipShape(TypedDict):
    id: str
    author: AuthorShape
    caption: str
    tags: list[str]
    sound: SoundShape | None
    duration_ms: int
    width_px: int
    height_px: int
    tint: str
    poster_url: str | None
    strip_url: str | None
    waveform_url: str | None
    hls_url: str | None
    renditions: list[RenditionShape]
    like_count: int
    comment_count: int
    watch_count: int
    is_liked: bool
    is_followed: bool
    is_own: bool
    published_at_us: int | None
    url: str
    state: str


class ServedShape(TypedDict):
    page_id: str
    position: int
    source: str
    clip: ClipShape


class PageShape(TypedDict):
    page_id: str
    model_hash: str
    feed: str
    is_end: bool
    before: str | None
    clips: list[ServedShape]


class TermShape(TypedDict):
    name: str
    text: str
    value: float


class WhyShape(TypedDict):
    clip_id: str
    feed: str
    model_hash: str
    source: str
    source_text: str
    propensity: float
    score: float
    terms: list[TermShape]


def avatar_url(account_id: AccountId, avatar_key: str | None) -> str | None:
    return f"/media/avatar/{id_text(account_id)}/{avatar_key.rpartition('/')[2]}" if avatar_key else None


def account_json(account: Account) -> dict[str, Any]:
    return {
        "id": id_text(account.id),
        "handle": account.handle,
        "display_name": account.display_name,
        "bio": account.bio,
        "role": account.role.value,
        "avatar_url": avatar_url(account.id, account.avatar_key),
        "created_at_us": account.created_at_us,
    }


def author_json(author: Author) -> AuthorShape:
    return {
        "id": id_text(author.id),
        "handle": author.handle,
        "display_name": author.display_name,
        "avatar_url": avatar_url(author.id, author.avatar_key),
    }


def clip_json(view: ClipView, renditions: Sequence[Rendition], viewer: Viewer) -> ClipShape:
    """A clip that was judged, with the files it is played from, lowest rendition first."""
    clip = view.clip
    prefix = f"/media/{id_text(clip.id)}/"
    others = {
        rendition.kind: prefix + rendition.name
        for rendition in renditions
        if rendition.kind is not RenditionKind.HLS or rendition.name.startswith("master")
    }
    return {
        "id": id_text(clip.id),
        "author": author_json(view.author),
        "caption": clip.caption,
        "tags": list(view.tags),
        "sound": {"id": id_text(view.sound.id), "title": view.sound.title} if view.sound else None,
        "duration_ms": clip.duration_ms,
        "width_px": clip.width_px,
        "height_px": clip.height_px,
        "tint": clip.tint,
        "poster_url": others.get(RenditionKind.POSTER),
        "strip_url": others.get(RenditionKind.STRIP),
        "waveform_url": others.get(RenditionKind.WAVEFORM),
        "hls_url": others.get(RenditionKind.HLS),
        "renditions": [
            {
                "url": prefix + rendition.name,
                "width_px": rendition.width_px,
                "height_px": rendition.height_px,
                "rate_bps": rendition.rate_bps,
                "size_bytes": rendition.size_bytes,
                "codecs": rendition.codecs,
            }
            for rendition in renditions
            if rendition.kind is RenditionKind.LADDER
        ],
        "like_count": clip.like_count,
        "comment_count": clip.comment_count,
        "watch_count": clip.watch_count,
        "is_liked": view.is_liked,
        "is_followed": view.is_followed,
        "is_own": viewer.account is not None and viewer.account.id == clip.author_id,
        "published_at_us": clip.published_at_us,
        "url": f"/@{view.author.handle}/video/{id_text(clip.id)}",
        "state": clip.state.value,
    }


def served_json(page_id: PageId, served: Served, viewer: Viewer) -> ServedShape:
    return {
        "page_id": id_text(page_id),
        "position": served.position,
        "source": served.source.name.lower(),
        "clip": clip_json(served.view, served.renditions, viewer),
    }


def page_json(page: Page, viewer: Viewer) -> PageShape:
    return {
        "page_id": id_text(page.id),
        "model_hash": page.model_hash,
        "feed": page.feed,
        "is_end": page.is_end,
        "before": None if page.before is None else id_text(page.before),
        "clips": [served_json(page.id, served, viewer) for served in page.clips],
    }


def why_json(why: Why) -> WhyShape:
    return {
        "clip_id": id_text(why.clip_id),
        "feed": why.feed,
        "model_hash": why.model_hash,
        "source": why.source.name.lower(),
        "source_text": why.source_text,
        "propensity": why.propensity,
        "score": why.score,
        "terms": [{"name": reason.name, "text": reason.text, "value": reason.value} for reason in why.reasons],
    }
