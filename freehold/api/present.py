"""How things look to clients: the shapes of the native API, which the pages are rendered from as well."""

from collections.abc import Sequence
from typing import Any, TypedDict

from freehold.domain.account import Account, Viewer
from freehold.domain.clip import Author, Clip, ClipKind, ClipView, Origin, Rendition, RenditionKind, Repost, Sound, Use
from freehold.domain.ids import AccountId, ClipId, PageId, id_text, made_at_us
from freehold.feed.figures import Calibration, Figures, Hour, Lag, Nth, Traffic
from freehold.feed.page import Page, Served
from freehold.feed.why import Why
from freehold.governance.permissions import may
from freehold.media.picture import place_of
from freehold.recommender import ONE, Draw
from freehold.store.tally import Reach


class AuthorShape(TypedDict):
    id: str
    handle: str
    display_name: str
    avatar_url: str | None


class SoundShape(TypedDict):
    id: str
    title: str
    """What it is called, or whose it is where it has no name."""
    name: str
    """What its author calls it, or ""."""
    author_handle: str
    is_original: bool
    """Whether it was first heard in this clip."""


class OriginShape(TypedDict):
    """The clip whose picture is in another."""

    kind: str
    """`duet` or `stitch`."""
    clip_id: str
    """This and the others are empty where that clip is gone."""
    author_handle: str
    url: str


class RenditionShape(TypedDict):
    url: str
    width_px: int
    height_px: int
    rate_bps: int
    size_bytes: int
    codecs: str


class PictureShape(TypedDict):
    """One picture of a photo post."""

    alt: str
    width_px: int
    height_px: int
    sizes: list[RenditionShape]
    """The same picture, the smallest first."""


class MayShape(TypedDict):
    """What whoever asks may do with a clip."""

    comment: bool
    duet: bool
    stitch: bool
    use_sound: bool
    download: bool


class ClipShape(TypedDict):
    id: str
    kind: str
    """`video`, `photo` or `text`."""
    look: str
    """The ground that the words of a text post stand on; else ""."""
    author: AuthorShape
    caption: str
    alt: str
    language: str
    is_ai_made: bool
    is_sensitive: bool
    edited_at_us: int | None
    is_pinned: bool
    captions: list[str]
    """The languages that it has captions in."""
    may: MayShape
    tags: list[str]
    sound: SoundShape | None
    made_from: OriginShape | None
    duration_ms: int
    width_px: int
    height_px: int
    tint: str
    poster_url: str | None
    strip_url: str | None
    waveform_url: str | None
    hls_url: str | None
    renditions: list[RenditionShape]
    pictures: list[PictureShape]
    """Of a photo post, in their order."""
    sound_url: str | None
    """What is heard under a photo post."""
    card_url: str | None
    """The words of a text post as a picture, for links elsewhere."""
    like_count: int
    comment_count: int
    watch_count: int
    share_count: int
    save_count: int
    repost_count: int
    is_liked: bool
    is_saved: bool
    is_followed: bool
    is_own: bool
    published_at_us: int | None
    url: str
    state: str


class RepostShape(TypedDict):
    by: AuthorShape
    text: str
    at_us: int


class ServedShape(TypedDict):
    page_id: str
    position: int
    source: str
    clip: ClipShape
    repost: RepostShape | None
    """Who passed it on, where it stands for that."""


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
    is_profiled: bool
    terms: list[TermShape]


class LagShape(TypedDict):
    log_seq: int
    log_behind: int
    journal_seq: int
    journal_behind: int
    oldest_us: int | None
    tally_behind: int


class TrafficShape(TypedDict):
    source: str
    impressions: int
    watches: int
    watched_share: float | None


class ExplorationShape(TypedDict):
    ranked: int
    tried: int
    drawn: int
    share: float | None


class ReachShape(TypedDict):
    at_us: int
    clips: int
    shown_clips: int
    coverage: float | None
    authors: int
    gini: float


class CalibrationShape(TypedDict):
    at_us: int
    watches: int
    predicted: float
    value: float
    ratio: float | None


class HourShape(TypedDict):
    at_us: int
    pages: int
    watches: int


class NthShape(TypedDict):
    nth: int
    watches: int
    watched_share: float


class FiguresShape(TypedDict):
    hours: int
    since_us: int
    at_us: int
    lag: LagShape
    traffic: list[TrafficShape]
    exploration: ExplorationShape
    reach: ReachShape | None
    calibration: list[CalibrationShape]
    by_hour: list[HourShape]
    newcomers: dict[str, list[NthShape]]


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


def sound_json(sound: Sound, clip_id: ClipId | None) -> SoundShape:
    """As it is credited on a clip."""
    return {
        "id": id_text(sound.id),
        "title": sound.title or f"original sound of @{sound.author_handle}",
        "name": sound.title,
        "author_handle": sound.author_handle,
        "is_original": clip_id is not None and sound.clip_id == clip_id,
    }


def origin_json(origin: Origin) -> OriginShape:
    view = origin.view
    if view is None:
        return {"kind": origin.kind, "clip_id": "", "author_handle": "", "url": ""}
    handle, clip_id = view.author.handle, id_text(view.clip.id)
    return {"kind": origin.kind, "clip_id": clip_id, "author_handle": handle, "url": f"/@{handle}/video/{clip_id}"}


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
        "kind": clip.kind.value,
        "look": clip.look,
        "author": author_json(view.author),
        "caption": clip.caption,
        "alt": clip.alt,
        "language": clip.language,
        "is_ai_made": any(each.clip.is_ai_made for each in view.pictures),
        "is_sensitive": any(each.clip.is_sensitive for each in view.pictures),
        "edited_at_us": clip.edited_at_us,
        "is_pinned": clip.pinned_at_us is not None,
        "captions": clip.caption_languages.split(),
        "may": {
            "comment": may(view, viewer, Use.COMMENT),
            "duet": may(view, viewer, Use.DUET),
            "stitch": may(view, viewer, Use.STITCH),
            "use_sound": may(view, viewer, Use.USE_SOUND),
            "download": may(view, viewer, Use.DOWNLOAD),
        },
        "tags": list(view.tags),
        "sound": sound_json(view.sound, view.clip.id) if view.sound else None,
        "made_from": origin_json(view.made_from) if view.made_from else None,
        "duration_ms": clip.duration_ms,
        "width_px": clip.width_px,
        "height_px": clip.height_px,
        "tint": clip.tint,
        "poster_url": others.get(RenditionKind.POSTER),
        "strip_url": others.get(RenditionKind.STRIP),
        "waveform_url": others.get(RenditionKind.WAVEFORM),
        "hls_url": others.get(RenditionKind.HLS),
        "renditions": [_rendition_json(prefix, one) for one in renditions if one.kind is RenditionKind.LADDER],
        "sound_url": others.get(RenditionKind.SOUND),
        "card_url": others.get(RenditionKind.CARD),
        "pictures": _pictures_json(prefix, clip, renditions) if clip.kind is ClipKind.PHOTO else [],
        "like_count": clip.like_count,
        "comment_count": clip.comment_count,
        "watch_count": clip.watch_count,
        "share_count": clip.share_count,
        "save_count": clip.save_count,
        "repost_count": clip.repost_count,
        "is_liked": view.is_liked,
        "is_saved": view.is_saved,
        "is_followed": view.is_followed,
        "is_own": viewer.account is not None and viewer.account.id == clip.author_id,
        "published_at_us": clip.published_at_us,
        "url": f"/@{view.author.handle}/video/{id_text(clip.id)}",
        "state": clip.state.value,
    }


def _rendition_json(prefix: str, rendition: Rendition) -> RenditionShape:
    return {
        "url": prefix + rendition.name,
        "width_px": rendition.width_px,
        "height_px": rendition.height_px,
        "rate_bps": rendition.rate_bps,
        "size_bytes": rendition.size_bytes,
        "codecs": rendition.codecs,
    }


def _pictures_json(prefix: str, clip: Clip, renditions: Sequence[Rendition]) -> list[PictureShape]:
    by_place: dict[int, list[RenditionShape]] = {}
    for one in renditions:
        if one.kind is RenditionKind.PICTURE:
            by_place.setdefault(place_of(one.name), []).append(_rendition_json(prefix, one))
    return [
        {"alt": alt, "width_px": sizes[-1]["width_px"], "height_px": sizes[-1]["height_px"], "sizes": sizes}
        for place, alt in enumerate(clip.picture_alts, start=1)
        if (sizes := by_place.get(place))
    ]


def served_json(page_id: PageId, served: Served, viewer: Viewer) -> ServedShape:
    return {
        "page_id": id_text(page_id),
        "position": served.position,
        "source": served.source.name.lower(),
        "clip": clip_json(served.view, served.renditions, viewer),
        "repost": repost_json(served.repost) if served.repost else None,
    }


def repost_json(repost: Repost) -> RepostShape:
    return {"by": author_json(repost.by), "text": repost.text, "at_us": made_at_us(repost.id)}


def page_json(page: Page, viewer: Viewer) -> PageShape:
    return {
        "page_id": id_text(page.id),
        "model_hash": page.model_hash,
        "feed": page.feed,
        "is_end": page.is_end,
        "before": page.before.text if page.before else None,
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
        "is_profiled": why.is_profiled,
        "terms": [{"name": reason.name, "text": reason.text, "value": reason.value} for reason in why.reasons],
    }


def figures_json(figures: Figures) -> FiguresShape:
    return {
        "hours": figures.hours,
        "since_us": figures.since_us,
        "at_us": figures.at_us,
        "lag": _lag_json(figures.lag),
        "traffic": [_traffic_json(one) for one in figures.traffic],
        "exploration": _exploration_json(figures),
        "reach": _reach_json(figures.reach) if figures.reach else None,
        "calibration": [_calibration_json(one) for one in figures.calibration],
        "by_hour": [_hour_json(one) for one in figures.by_hour],
        "newcomers": {way: [_nth_json(one) for one in some] for way, some in figures.newcomers.items()},
    }


def _lag_json(lag: Lag) -> LagShape:
    return {
        "log_seq": lag.log_seq,
        "log_behind": lag.log_behind,
        "journal_seq": lag.journal_seq,
        "journal_behind": lag.journal_behind,
        "oldest_us": lag.oldest_us,
        "tally_behind": lag.tally_behind,
    }


def _traffic_json(traffic: Traffic) -> TrafficShape:
    return {
        "source": traffic.source.name.lower(),
        "impressions": traffic.impressions,
        "watches": traffic.watches,
        "watched_share": traffic.watched_share,
    }


def _exploration_json(figures: Figures) -> ExplorationShape:
    ranked, tried, drawn = (figures.draws[draw] for draw in (Draw.RANKED, Draw.TRIED, Draw.DRAWN))
    whole = ranked + tried + drawn
    return {"ranked": ranked, "tried": tried, "drawn": drawn, "share": (tried + drawn) / whole if whole else None}


def _reach_json(reach: Reach) -> ReachShape:
    return {
        "at_us": reach.at_us,
        "clips": reach.clips,
        "shown_clips": reach.shown_clips,
        "coverage": reach.shown_clips / reach.clips if reach.clips else None,
        "authors": reach.authors,
        "gini": reach.gini / ONE,
    }


def _calibration_json(day: Calibration) -> CalibrationShape:
    return {
        "at_us": day.at_us,
        "watches": day.watches,
        "predicted": day.predicted,
        "value": day.value,
        "ratio": day.ratio,
    }


def _hour_json(hour: Hour) -> HourShape:
    return {"at_us": hour.at_us, "pages": hour.pages, "watches": hour.watches}


def _nth_json(one: Nth) -> NthShape:
    return {"nth": one.nth, "watches": one.watches, "watched_share": one.watched_share}
