"""What a viewer may do with a clip that it is shown: comment, duet, stitch, use its sound, download it.

`usable_clip` is the one door: it judges as `shown_clip` does and then asks what the author allows.
"""

from freehold.backends.database import Database, Transaction
from freehold.domain.account import Viewer
from freehold.domain.clip import Audience, ClipKind, ClipView, Use
from freehold.domain.errors import Conflict, Forbidden
from freehold.domain.ids import ClipId
from freehold.domain.verdict import Door
from freehold.governance.judge import shown_clip

TEXTS = {
    Use.COMMENT: ("comment-not-allowed", "The author takes no comments on this clip from you."),
    Use.DUET: ("duet-not-allowed", "The author does not let you make a duet with this clip."),
    Use.STITCH: ("stitch-not-allowed", "The author does not let you stitch this clip."),
    Use.USE_SOUND: ("sound-not-allowed", "The author does not let you use the sound of this clip."),
    Use.DOWNLOAD: ("download-not-allowed", "The author does not let you download this clip."),
}

PASSED_ON = frozenset({Use.DUET, Use.STITCH})
"""What shows another's picture again."""

FITTING = {
    ClipKind.VIDEO: frozenset(Use),
    ClipKind.PHOTO: frozenset({Use.COMMENT, Use.DOWNLOAD}),
    ClipKind.TEXT: frozenset({Use.COMMENT}),
}
"""What there is to do with a clip of this kind at all."""
STILL_TEXTS = {
    Use.DUET: ("source-still", "A duet is made with a video, not with a still post."),
    Use.STITCH: ("source-still", "A stitch is made of a video, not of a still post."),
    Use.USE_SOUND: ("source-silent", "A still post has no sound of its own: use one from the page of the sound."),
    Use.DOWNLOAD: ("download-none", "This post has no file to download."),
}


def may(view: ClipView, viewer: Viewer, use: Use) -> bool:
    """Whether the author lets this viewer, and the authors of what is in its picture, too; that it may see the clip is
    judged elsewhere."""
    if use not in FITTING[view.clip.kind]:
        return False
    within = view.made_from
    if use in PASSED_ON and within is not None and not (within.view and may(within.view, viewer, use)):
        return False
    if viewer.account is not None and viewer.account.id == view.clip.author_id:
        return True
    audience = view.clip.permissions.of(use)
    return audience is Audience.PUBLIC or (audience is Audience.FOLLOWERS and view.is_followed)


async def usable_clip(
    database: Database | Transaction, viewer: Viewer, clip_id: ClipId, use: Use, door: Door, at_us: int
) -> ClipView:
    """The clip where the viewer may see it and do this with it. Raises what `shown_clip` raises, and `Forbidden`
    (codes `comment-not-allowed`, `duet-not-allowed`, `stitch-not-allowed`, `sound-not-allowed`,
    `download-not-allowed`), or `Conflict` (codes `source-still`, `source-silent`, `download-none`) where nobody can."""
    view = await shown_clip(database, viewer, clip_id, door, at_us)
    if use not in FITTING[view.clip.kind]:
        raise Conflict(*STILL_TEXTS[use])
    if not may(view, viewer, use):
        raise Forbidden(*TEXTS[use])
    return view
