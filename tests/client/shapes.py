"""The API's shapes as the pages take them, made by hand."""

from typing import Any

from freehold.client.pages import Frame

NOW_US = 1_795_000_000_000_000
HOUR_US, DAY_US = 3_600_000_000, 86_400_000_000
HOSTILE = """<script>alert("1")</script>'"><img src=x onerror=alert(2)>"""

ANA: dict[str, Any] = {
    "id": "0000000000ana",
    "handle": "ana",
    "display_name": "Ana Duarte",
    "bio": "Clay and kilns.",
    "role": "creator",
    "avatar_url": None,
    "created_at_us": NOW_US - 1000 * HOUR_US,
}


def frame(path: str = "/", *, account: dict[str, Any] | None = None, notice: str = "") -> Frame:
    return Frame(
        path=path,
        now_us=NOW_US,
        csrf="a-token",
        account=account,
        origin="https://clips.example",
        reference="r-0123456789ab",
        notice=notice,
    )


SOUND: dict[str, Any] = {
    "id": "0000000000snd", "title": "original sound of @ana", "name": "", "author_handle": "ana", "is_original": True,
}  # fmt: skip
ORIGIN: dict[str, Any] = {
    "kind": "duet",
    "clip_id": "0000000000009",
    "author_handle": "otto",
    "url": "/@otto/video/0000000000009",
}


TEXT: dict[str, Any] = {
    "kind": "text", "look": "paper", "caption": "Kilns are slow. #ceramics", "renditions": [], "poster_url": None,
    "sound": None, "captions": [],
}  # fmt: skip


def _picture(place: int, alt: str) -> dict[str, Any]:
    size = {"url": f"/media/1/p0{place}-540.jpg", "width_px": 405, "height_px": 540, "rate_bps": 0, "size_bytes": 9}
    return {"alt": alt, "width_px": 405, "height_px": 540, "sizes": [{**size, "codecs": ""}]}


PHOTO: dict[str, Any] = {
    "kind": "photo", "renditions": [], "sound": None, "captions": [], "alt": "",
    "pictures": [_picture(1, "A kiln"), _picture(2, "")],
}  # fmt: skip


def clip(number: int = 1, **given: Any) -> dict[str, Any]:
    id_ = f"{number:013d}"
    return {
        "id": id_,
        "kind": "video",
        "look": "",
        "author": {key: ANA[key] for key in ("id", "handle", "display_name", "avatar_url")},
        "caption": "Opening the kiln #ceramics",
        "alt": "A door opens on a glow.",
        "language": "en",
        "is_ai_made": False,
        "is_sensitive": False,
        "edited_at_us": None,
        "is_pinned": False,
        "captions": ["en", "pt"],
        "may": dict.fromkeys(("comment", "duet", "stitch", "use_sound", "download"), True),
        "tags": ["ceramics"],
        "sound": SOUND,
        "made_from": None,
        "duration_ms": 14_000,
        "width_px": 1080,
        "height_px": 1920,
        "tint": "#0e3b2e",
        "poster_url": f"/media/{id_}/poster.jpg",
        "strip_url": None,
        "waveform_url": None,
        "hls_url": None,
        "renditions": [
            {
                "url": f"/media/{id_}/{height}.mp4",
                "width_px": height * 9 // 16,
                "height_px": height,
                "rate_bps": height * 1000,
                "size_bytes": height * 1750,
                "codecs": "avc1.640028,mp4a.40.2",
            }
            for height in (640, 960, 1280)
        ],
        "pictures": [],
        "sound_url": None,
        "card_url": None,
        "like_count": 1234,
        "comment_count": 4,
        "watch_count": 9876,
        "share_count": 21,
        "save_count": 7,
        "repost_count": 3,
        "is_saved": False,
        "is_liked": False,
        "is_followed": False,
        "is_own": False,
        "published_at_us": NOW_US - 2 * HOUR_US,
        "url": f"/@ana/video/{id_}",
        "state": "ready",
        **given,
    }


def served(number: int = 1, **given: Any) -> dict[str, Any]:
    repost = given.pop("repost", None)
    return {
        "page_id": "000000000page",
        "position": number,
        "source": "tag",
        "clip": clip(number, **given),
        "repost": repost,
    }


def page(count: int = 5, **given: Any) -> dict[str, Any]:
    return {
        "page_id": "000000000page",
        "model_hash": "9f3aab12",
        "feed": "for-you",
        "is_end": False,
        "before": None,
        "clips": [served(number, **given) for number in range(1, count + 1)],
    }


def mine(state: str, **given: Any) -> dict[str, Any]:
    return {
        **clip(),
        "state": state,
        "state_text": f"It is {state}.",
        "progress_percent": None,
        "queue_position": None,
        "refusal": None,
        "can_retry": False,
        "is_published": False,
        "wish": "draft",
        "audience": "public",
        "permissions": dict.fromkeys(("comment", "duet", "stitch", "use_sound", "download"), "public"),
        "publish_at_us": None,
        "cover_ms": 0,
        "has_cover_picture": False,
        "transcript": {"is_wanted": True, "state": "made", "text": "Read it.", "languages": ["en"]},
        "file_name": "kiln.mov",
        "size_bytes": 13_400_000,
        "created_at_us": NOW_US - HOUR_US,
        **given,
    }


VERSION = {
    "until_us": NOW_US,
    "changed": ["caption", "alt", "language", "ai_made", "sensitive", "cover", "audience", "permissions"],
    "caption": "Opening the kilm #ceramics",
    "alt": "A door.",
    "language": "de",
    "is_ai_made": True,
    "is_sensitive": True,
}


def comment(id_: str = "0000000000com", **given: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "author": {key: ANA[key] for key in ("id", "handle", "display_name", "avatar_url")},
        "text": "How long did it cool?",
        "at_us": NOW_US - HOUR_US,
        "edited_at_us": None,
        "root_id": None,
        "reply_to": None,
        "like_count": 0,
        "reply_count": 0,
        "is_liked": False,
        "is_own": False,
        "is_clips_author": False,
        "is_pinned": False,
        "is_held": False,
        "can_delete": False,
        "can_pin": False,
        "can_let_through": False,
        **given,
    }


def held(*comments: dict[str, Any]) -> dict[str, Any]:
    shown = [{"comment": one, "clip_id": "0000000000001", "clip_url": "/@ana/video/0000000000001"} for one in comments]
    return {"comments": shown, "more": bool(comments), "before": "0000000000com"}


def clip_list(**given: Any) -> dict[str, Any]:
    return {
        "id": "000000000list",
        "kind": "collection",
        "name": "Kilns",
        "is_public": True,
        "owner": {key: ANA[key] for key in ("id", "handle", "display_name", "avatar_url")},
        "clip_count": 12,
        "has_clip": True,
        "cover_url": "/media/c1/poster.jpg",
        "is_own": True,
        "url": "/list/000000000list",
        **given,
    }


PLAYLIST = clip_list(kind="playlist", has_clip=False, name="All of it")
REPOST: dict[str, Any] = {
    "by": {key: ANA[key] for key in ("id", "handle", "display_name", "avatar_url")},
    "text": "Look at the colours",
    "at_us": NOW_US - HOUR_US,
}
FILTER: dict[str, Any] = {"words": ["spam", "#ad"], "limit": 500}
COMMENTS: dict[str, Any] = {"comments": [comment()], "more": False, "before": None}

WHY = {
    "clip_id": "0000000000001",
    "feed": "for-you",
    "model_hash": "9f3aab12ddee",
    "source": "tag",
    "source_text": "You watch #ceramics to the end.",
    "propensity": 0.31,
    "score": 0.7,
    "is_profiled": True,
    "terms": [
        {"name": "tag", "text": "You finish #ceramics", "value": 0.9},
        {"name": "author", "text": "You skipped its author", "value": -0.2},
    ],
}

CHOSEN: dict[str, Any] = {
    "wishes": [
        {"kind": "tag", "name": "ceramics", "level": 2},
        {"kind": "author", "name": "otto", "level": -2},
        {"kind": "tag", "name": "größe", "level": 0},
    ],
    "muted_words": ("spoiler", "#ad"),
    "muted_limit": 500,
    "is_profiled": False,
}

ASKED = {"q": "kiln", "kind": "", "after": "7d", "before": "", "length": "<90s", "lang": "", "first": "newest"}
REASONS = [
    {"name": "word", "text": "“kiln” is in the caption.", "value": 0.75},
    {"name": "quality", "text": "12 likes in 340 watches", "value": 0.1},
]


def search_answer(**given: Any) -> dict[str, Any]:
    account = {**{key: ANA[key] for key in ("id", "handle", "display_name", "bio", "avatar_url")}, "follower_count": 1}
    said = COMMENTS["comments"][0]
    return {
        "query": "kiln",
        "mended": None,
        "is_partial": False,
        "kind": None,
        "clips": [{"clip": clip(number), "score": 0.85, "why": REASONS, "next": number} for number in (1, 2)],
        "accounts": [{"account": account, "is_followed": True, "score": 0.7, "why": REASONS}],
        "tags": [{"tag": "kilns", "clip_count": 1200}, {"tag": "größe", "clip_count": 1}],
        "comments": [{"comment": said, "clip_id": "1", "clip_url": "/@ana/video/1", "score": 0.5, "why": REASONS}],
        "sounds": [],
        "next": 24,
        **given,
    }


TRENDS = [{"tag": "ceramics", "score": 3.2, "account_count": 1234}, {"tag": "größe", "score": 1.1, "account_count": 2}]

TAG: dict[str, Any] = {
    "tag": "ceramics",
    "clip_count": 1200,
    "follower_count": 31,
    "is_followed": True,
    "trend_place": 3,
    "days": [{"at_us": NOW_US + n * DAY_US, "account_count": count} for n, count in enumerate((0, 617, 1234))],
}

SESSIONS = [
    {
        "id": f"00000000sess{number}",
        "agent": "Chromium",
        "created_at_us": NOW_US - HOUR_US,
        "last_seen_at_us": NOW_US,
        "is_current": number == 1,
    }
    for number in (1, 2)
]


def figures(hours: int = 24, **given: Any) -> dict[str, Any]:
    """Of a network on which every hour ten pages were shown and watched in part."""
    first_us = NOW_US - NOW_US % HOUR_US - hours * HOUR_US
    newcomers = [{"nth": nth, "watches": 12, "watched_share": 0.4 + nth / 200} for nth in range(1, 51)]
    return {
        "hours": hours,
        "since_us": first_us,
        "at_us": NOW_US,
        "lag": {
            "log_seq": 900, "log_behind": 0, "journal_seq": 80, "journal_behind": 0, "oldest_us": None,
            "tally_behind": 0,
        },
        "traffic": [
            {"source": "tag", "impressions": 900, "watches": 700, "watched_share": 0.61},
            {"source": "direct", "impressions": 3, "watches": 0, "watched_share": None},
        ],
        "exploration": {"ranked": 870, "tried": 25, "drawn": 5, "share": 30 / 900},
        "reach": {"at_us": NOW_US, "clips": 80, "shown_clips": 60, "coverage": 0.75, "authors": 12, "gini": 0.41},
        "calibration": [
            {"at_us": first_us - first_us % DAY_US, "watches": 700, "predicted": 0.5, "value": 0.45, "ratio": 0.9}
        ],
        "by_hour": [{"at_us": first_us + n * HOUR_US, "pages": 10, "watches": 30} for n in range(hours + 1)],
        "newcomers": {"ranked": newcomers, "popular": newcomers[:20], "random": newcomers[:3], "tried": []},
        **given,
    }  # fmt: skip


def made(kind: str) -> dict[str, Any]:
    """What a new clip is made with."""
    return {
        "kind": kind, "id": "0000000000001", "clip": clip(), "sound": SOUND, "layout": "beside", "own_percent": 100
    }  # fmt: skip


SOUND_ABOUT: dict[str, Any] = {
    "sound": SOUND, "author_name": "Ana", "clip_count": 1200, "first_clip": clip(), "trend_place": 2,
    "days": TAG["days"], "can_use": True, "is_own": False,
}  # fmt: skip
SOUND_TRENDS = [{"sound": SOUND, "score": 1.5, "account_count": 1234}]
FOUND_SOUND = {"sound": SOUND, "author_name": "Ana", "clip_count": 12, "score": 1.0, "why": REASONS}
