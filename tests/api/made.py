"""Clips and orders made by construction, straight in the database."""

from random import Random
from typing import Any

from freehold.backends import Backends
from freehold.domain.clip import Audience, Clip, ClipState, Rendition, RenditionKind, Wish, Withholding
from freehold.domain.ids import AccountId, ClipId, new_id
from freehold.store import clip as clips
from freehold.store import rendition, withholding

RANDOM = Random(7)
NOW_US = 1_760_000_000_000_000
ORDER = Withholding("A Court", "AZ 12/34", "Withheld by order of a court.", NOW_US - 10_000_000, None)


async def make_clip(
    backends: Backends,
    author_id: int,
    *,
    state: ClipState = ClipState.READY,
    audience: Audience = Audience.PUBLIC,
    is_published: bool = True,
    order: Withholding | None = None,
    bytes_: bytes | None = None,
    caption: str = "A clip #made",
    tags: tuple[str, ...] = ("made",),
) -> ClipId:
    """A clip with one rendition named `low.mp4` and a poster; its bytes are its own id's text unless given."""
    clip_id = ClipId(new_id(NOW_US + RANDOM.getrandbits(30), RANDOM))
    content = bytes_ if bytes_ is not None else f"bytes of {clip_id}".encode()
    key = await backends.blobs.put(content)

    async def work(transaction: Any) -> None:
        await clips.insert(transaction, _clip(clip_id, AccountId(author_id), state, audience, caption), None)
        await clips.set_facts(transaction, clip_id, duration_ms=5000, width_px=360, height_px=640)
        await clips.set_tags(transaction, clip_id, tags)
        for name, kind, type_ in (
            ("low.mp4", RenditionKind.LADDER, "video/mp4"),
            ("poster.jpg", RenditionKind.POSTER, "image/jpeg"),
        ):
            size = len(content)
            await rendition.put(
                transaction,
                Rendition(clip_id, name, kind, key, type_, size, 360, 640, 300_000, "avc1.64001e,mp4a.40.2"),
            )
        if is_published:
            await clips.set_published(transaction, clip_id, NOW_US)
        if order is not None:
            await withholding.insert(transaction, new_id(NOW_US, RANDOM), clip_id, order)

    await backends.database.transact(work)
    return clip_id


def _clip(clip_id: ClipId, author_id: AccountId, state: ClipState, audience: Audience, caption: str) -> Clip:
    return Clip(
        id=clip_id, author_id=author_id, state=state, state_since_us=NOW_US, attempts=0, progress_permille=0,
        refusal_code=None, refusal_text=None, file_name="a.mp4", size_bytes=10, incoming_name=None, original_key=None,
        probe=None, caption=caption, audience=audience, wish=Wish.PUBLISH, sound_id=None, duration_ms=5000,
        width_px=360, height_px=640, tint="#20262a", cover_ms=0, created_at_us=NOW_US, published_at_us=None,
        withdrawn_at_us=None, like_count=0, comment_count=0, watch_count=0, share_count=0,
    )  # fmt: skip
