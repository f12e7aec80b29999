"""The rules, in the order in which they are asked. The first that decides, decides; `decide` says which it was.

A rule is a plain function of a clip's view, the viewer and the door; it answers a decision or None. The last one
always answers, so every verdict names the rule that made it.
"""

from collections.abc import Callable

from freehold.domain.account import Role, Viewer
from freehold.domain.clip import WATCHABLE, Audience, ClipState, ClipView
from freehold.domain.verdict import Decision, Door, Verdict

Rule = Callable[[ClipView, Viewer, Door], Decision | None]


def _is_author(view: ClipView, viewer: Viewer) -> bool:
    return viewer.account is not None and viewer.account.id == view.clip.author_id


def withdrawn(view: ClipView, viewer: Viewer, door: Door) -> Decision | None:
    """The author took it back: nobody but the author sees it, and the author not in feeds."""
    if view.clip.state is not ClipState.WITHDRAWN:
        return None
    own = _is_author(view, viewer) and door in (Door.LINK, Door.MEDIA) and view.withholding is None
    return (source_hidden(view, viewer, door) or Decision.SHOW) if own else Decision.ABSENT


def not_watchable(view: ClipView, viewer: Viewer, door: Door) -> Decision | None:
    """There is no rendition of it (yet, or ever)."""
    return None if view.clip.state in WATCHABLE else Decision.ABSENT


def withheld(view: ClipView, viewer: Viewer, door: Door) -> Decision | None:
    """An order is in force. Feeds and lists leave it out; a direct request is told who, since when and why."""
    if view.withholding is None:
        return None
    if viewer.may(Role.MODERATOR) and door in (Door.LINK, Door.MEDIA):
        return None
    return Decision.ABSENT if door in (Door.FEED, Door.TAG, Door.SEARCH) else Decision.WITHHOLD


def author_suspended(view: ClipView, viewer: Viewer, door: Door) -> Decision | None:
    """A suspended account's clips are shown to moderators alone."""
    if not view.author.is_suspended:
        return None
    return None if viewer.may(Role.MODERATOR) and door is not Door.FEED else Decision.ABSENT


def unpublished(view: ClipView, viewer: Viewer, door: Door) -> Decision | None:
    """Not published: for its author's eyes, at its link."""
    if view.clip.published_at_us is not None:
        return None
    if _is_author(view, viewer) and door in (Door.LINK, Door.MEDIA, Door.COMMENTS):
        return (source_hidden(view, viewer, door) or Decision.SHOW) if view.withholding is None else None
    return Decision.ABSENT


def audience(view: ClipView, viewer: Viewer, door: Door) -> Decision | None:
    """The author said who may see it."""
    if view.clip.audience is Audience.PUBLIC or _is_author(view, viewer):
        return None
    if view.clip.audience is Audience.FOLLOWERS and view.is_followed:
        return None
    return Decision.ABSENT


def source_hidden(view: ClipView, viewer: Viewer, door: Door) -> Decision | None:
    """Another clip is in its picture: who may not see that does not see this, and once it is gone nobody does."""
    if view.made_from is None:
        return None
    decision = decide(view.made_from.view, viewer, door).decision if view.made_from.view else Decision.ABSENT
    return None if decision is Decision.SHOW else decision


def muted(view: ClipView, viewer: Viewer, door: Door) -> Decision | None:
    """The viewer muted a word of its caption or a tag: feeds leave it out, a link or a profile still opens."""
    if door is not Door.FEED or viewer.muting is None:
        return None
    return Decision.ABSENT if viewer.muting.matches(view.clip.caption, view.tags) else None


def published(view: ClipView, viewer: Viewer, door: Door) -> Decision | None:
    """Nothing speaks against it."""
    return Decision.SHOW


# What is not for this viewer in any case is asked first: that there is an order against it is not theirs to know.
RULES: tuple[Rule, ...] = (
    withdrawn,
    not_watchable,
    author_suspended,
    unpublished,
    audience,
    withheld,
    source_hidden,
    muted,
    published,
)


def decide(view: ClipView, viewer: Viewer, door: Door) -> Verdict:
    for rule in RULES:
        decision = rule(view, viewer, door)
        if decision is not None:
            return Verdict(decision, rule.__name__)
    raise AssertionError("the last rule always decides")
