"""The feed: every page is gathered, scored, arranged, judged and served.

    async with Feed.open(backends, rules, clock, random) as feed:
        page = await feed.for_you(viewer, 10, at_us)

Judging reads rows, and costs more than the rest of a page together. So For You arranges a page of what it gathered
and judges that; where something may not be shown, all the candidates are judged, and the page is made anew from
those that may.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import replace
from random import Random
from types import MappingProxyType
from weakref import WeakValueDictionary

import structlog

from freehold.actions import choices as choosing
from freehold.actions.account import reset_feed
from freehold.actions.clip import tags_in
from freehold.actions.watch import BatchReport, checked
from freehold.backends import Backends
from freehold.domain.account import Account, Role, Viewer
from freehold.domain.choices import FeedWish, WishKind
from freehold.domain.clip import LATEST, ClipView, Moment, Repost
from freehold.domain.errors import Absent, BackendError, NotSignedIn
from freehold.domain.ids import AccountId, ClipId, PageId, SoundId, ViewerId, first_id_at, made_at_us, new_id
from freehold.domain.muting import Muting
from freehold.domain.verdict import Door
from freehold.domain.watch import Source
from freehold.feed import tally, watch_counts
from freehold.feed.alternate import alternating, is_settled
from freehold.feed.learning import Learning
from freehold.feed.page import Page, Served
from freehold.feed.ranking import Asked, Ranked, packed, rank
from freehold.feed.retention import Retention, check_kept
from freehold.feed.rules import FeedRules
from freehold.feed.similar import company_of
from freehold.feed.why import Why, why_of
from freehold.governance.judge import shown_clip, shown_clips
from freehold.recommender import warm_up
from freehold.store import candidate, choices
from freehold.store import clip as clips
from freehold.store import making as makings
from freehold.store import page as pages
from freehold.store import rendition as renditions
from freehold.store import repost as reposts
from freehold.store import tag as tags
from freehold.store.page import FOLLOWING, FOR_YOU, PageRow, Shown

__all__ = ["Feed", "FeedRules"]

log = structlog.get_logger("freehold.feed")

PROFILE, TAG, SOUND, LINK, SEARCH, LIST = "profile", "tag", "sound", "link", "search", "list"
MADE_WITH = "made-with"
DAY_US = 86_400_000_000
LATELY_US = 30 * 60_000_000
LASTS_KEPT = 100_000
MUTINGS_KEPT = 10_000
FOUND_AT_FIRST, FOUND_AT_ONCE = 120, 500
LOOKED_BACK_US = (DAY_US // 8, DAY_US // 2, 2 * DAY_US, 8 * DAY_US, 60 * DAY_US, 1 << 62)
"""How far a page of Following looks back, first and then; in the end over everything."""
PAGES_BACK = 200
JUDGED_AT_ONCE = 100
JUDGED_AT_MOST = 2000
"""For one page of a list by time; where so many in a row may not be shown, the page says what to go on from."""

Last = tuple[AccountId | None, SoundId | None]
Find = Callable[[Moment, int], Awaitable[Sequence[Moment]]]
"""So many of those that came out before, the last first."""
FindPlaces = Callable[[int | None, int], Awaitable[Sequence[tuple[int, ClipId]]]]
"""So many behind a place in a list, in its order, each with its place."""


NO_REPOSTS: Mapping[ClipId, Repost] = MappingProxyType({})
REPOSTED_US = 14 * DAY_US
"""For so long a repost stands in Following."""
FROM_TOP = Moment(LATEST.at_us - 1, ClipId(0))
"""What Following goes on from where only what was reposted is left."""


def _may_say(viewer: Viewer, repost: Repost) -> bool:
    """Whether the viewer has muted nothing of what is said with it."""
    return viewer.muting is None or not viewer.muting.matches(repost.text, tags_in(repost.text))


class Feed:
    """One per process."""

    def __init__(
        self, backends: Backends, rules: FeedRules, learning: Learning, clock: Callable[[], int], random: Random
    ) -> None:
        self.rules = rules
        self.learning = learning
        self._backends = backends
        self._database = backends.database
        self._clock = clock
        self._random = random
        self._turns: WeakValueDictionary[ViewerId, asyncio.Lock] = WeakValueDictionary()
        self._lasts: OrderedDict[ViewerId, Last] = OrderedDict()
        self._mutings: OrderedDict[ViewerId, Muting | None] = OrderedDict()
        self._leaves_trace = True

    @classmethod
    @asynccontextmanager
    async def open(
        cls, backends: Backends, rules: FeedRules, clock: Callable[[], int], random: Random
    ) -> "AsyncIterator[Feed]":
        """With the learner's state as it was left, and the followers running."""
        await asyncio.to_thread(warm_up)
        learning = Learning(backends, rules, clock, random)
        await learning.restore()
        learner = asyncio.create_task(learning.run(), name="learning")
        followers = [
            asyncio.create_task(follow(backends.database, clock), name=name)
            for name, follow in ((watch_counts.NAME, watch_counts.follow), (tally.NAME, tally.follow))
        ]
        pruner = Retention(backends, rules, learning, clock)
        followers.append(asyncio.create_task(pruner.run(), name="retention"))
        try:
            yield cls(backends, rules, learning, clock, random)
        finally:
            learning.stop()
            for follower in followers:
                follower.cancel()
            await asyncio.gather(learner, *followers, return_exceptions=True)
            await learning.close()

    def untraced(self) -> "Feed":
        """The same feed for who only asks what an answer would be like (HEAD): its pages are not written down."""
        feed = copy(self)
        feed._leaves_trace = False
        return feed

    # Pages

    async def for_you(self, viewer: Viewer, count: int | None, at_us: int) -> Page:
        """What the learner expects this viewer to watch; shorter than asked for where nothing else fits.

        Where nothing is left, what was on earlier pages and was never watched comes again.
        """
        count = count or self.rules.page_count
        async with self._turn_of(viewer.id):
            viewer = await self._with_muting(viewer)
            last_author, last_sound = await self._last_shown(viewer.id, at_us)
            asked = Asked(
                viewer.id,
                at_us,
                self._random.getrandbits(63),
                count,
                self.rules.candidate_count,
                last_author,
                last_sound,
            )
            ranked, views = await self._judged_ranking(viewer, asked)
            placed = ranked.placed
            page = await self._serve(
                viewer,
                FOR_YOU,
                [views[one.clip_id] for one in placed],
                ranked.shown,
                at_us,
                is_end=len(placed) < count,
                model_hash=ranked.model_hash,
                seed=asked.seed,
                ranked=packed(ranked),
            )
            if placed and self._leaves_trace:
                self._remember(viewer.id, (placed[-1].author_id, placed[-1].sound_id))
            return page

    async def following(self, viewer: Viewer, before: Moment | None, count: int | None, at_us: int) -> Page:
        """The newest by whom and with what the viewer follows, not yet shown, from the top on with what those reposted
        lately; authors and sounds alternate where they can.

        Where nothing is left, what was on earlier pages and was never watched comes again.
        """
        if viewer.account is None:
            raise NotSignedIn("sign-in-needed", "Sign in to see the clips of those you follow.")
        account_id, count = viewer.account.id, count or self.rules.page_count
        async with self._turn_of(viewer.id):
            viewer = await self._with_muting(viewer)
            views, after = await self._followed(viewer, account_id, before, count, at_us, again=False)
            if not views and before is None:
                views, after = await self._followed(viewer, account_id, before, count, at_us, again=True)
            reposted = await self._reposted(viewer, account_id, views)
            return await self._serve_in_order(viewer, FOLLOWING, views, at_us, after, reposted=reposted)

    async def profile(
        self,
        viewer: Viewer,
        author_id: AccountId,
        before: Moment | None,
        count: int | None,
        at_us: int,
        *,
        is_pinned_first: bool = True,
    ) -> Page:
        """An author's clips, newest first; before them all, and not again, what the author pinned."""

        async def find(behind: Moment, limit: int) -> Sequence[Moment]:
            return await clips.by_author_for_viewer(
                self._database, author_id, behind, limit, with_pinned=not is_pinned_first
            )

        pinned: list[ClipView] = []
        if is_pinned_first and before is None:
            pinned_ids = await clips.pinned_by(self._database, author_id)
            pinned = await shown_clips(self._database, viewer, pinned_ids, Door.PROFILE, at_us)
        rest_count = max(1, (count or self.rules.page_count) - len(pinned))
        views, before = await self._newest(viewer, find, Door.PROFILE, before, rest_count, at_us)
        return await self._serve_in_order(viewer, PROFILE, pinned + views, at_us, before)

    async def tagged(self, viewer: Viewer, tag: str, before: Moment | None, count: int | None, at_us: int) -> Page:
        """Clips with a tag, newest first."""

        async def find(behind: Moment, limit: int) -> Sequence[Moment]:
            return await clips.by_tag_for_viewer(self._database, tag, behind, limit)

        views, before = await self._newest(viewer, find, Door.TAG, before, count, at_us)
        return await self._serve_in_order(viewer, TAG, views, at_us, before)

    async def about(
        self, viewer: Viewer, tags: Sequence[str], before: Moment | None, count: int | None, at_us: int
    ) -> Page:
        """Clips with any of the tags, newest first."""

        async def find(behind: Moment, limit: int) -> Sequence[Moment]:
            return await clips.by_any_tag_for_viewer(self._database, tags, behind, limit)

        views, before = await self._newest(viewer, find, Door.TAG, before, count, at_us)
        return await self._serve_in_order(viewer, TAG, views, at_us, before)

    async def sounded(
        self, viewer: Viewer, sound_id: SoundId, before: Moment | None, count: int | None, at_us: int
    ) -> Page:
        """Clips with a sound, newest first. `Absent` (code `sound-absent`) for whoever may see none of them."""

        async def find(behind: Moment, limit: int) -> Sequence[Moment]:
            return await clips.by_sound_for_viewer(self._database, sound_id, behind, limit)

        views, after = await self._newest(viewer, find, Door.TAG, before, count, at_us)
        if before is None and not views:
            raise Absent("sound-absent", "There is no such sound here, or no clip with it that is for you to see.")
        return await self._serve_in_order(viewer, SOUND, views, at_us, after)

    async def listed(
        self, viewer: Viewer, find: FindPlaces, behind: int | None, count: int | None, at_us: int
    ) -> tuple[Page, list[int]]:
        """The clips of a list that somebody put together, in its order, each with its place, which is what one goes on
        from behind it."""
        count = count or self.rules.page_count
        shown: list[tuple[int, ClipView]] = []
        judged_count, is_end = 0, False
        while len(shown) <= count and judged_count < JUDGED_AT_MOST and not is_end:
            found = await find(behind, JUDGED_AT_ONCE)
            views = await shown_clips(self._database, viewer, [clip_id for _, clip_id in found], Door.PROFILE, at_us)
            by_id = {view.clip.id: view for view in views}
            shown += [(place, by_id[clip_id]) for place, clip_id in found if clip_id in by_id]
            judged_count, is_end = judged_count + len(found), len(found) < JUDGED_AT_ONCE
            behind = found[-1][0] if found else behind
        page, is_cut = shown[:count], len(shown) > count or not is_end
        before = Moment(page[-1][0], page[-1][1].clip.id) if page and is_cut else None
        served = await self._serve_in_order(viewer, LIST, [view for _, view in page], at_us, before)
        return served, [place for place, _ in page]

    async def made_with(
        self, viewer: Viewer, clip_id: ClipId, before: Moment | None, count: int | None, at_us: int
    ) -> Page:
        """Duets and stitches of a clip, newest first. `Absent` or `Withheld` where that may not be shown."""
        await shown_clip(self._database, viewer, clip_id, Door.LINK, at_us)

        async def find(behind: Moment, limit: int) -> Sequence[Moment]:
            return await makings.made_with_for_viewer(self._database, clip_id, behind, limit)

        views, before = await self._newest(viewer, find, Door.TAG, before, count, at_us)
        return await self._serve_in_order(viewer, MADE_WITH, views, at_us, before)

    async def one(self, viewer: Viewer, clip_id: ClipId, door: Door, at_us: int) -> Page:
        """A page of one; `Absent` or `Withheld` where it may not be shown."""
        view = await shown_clip(self._database, viewer, clip_id, door, at_us)
        return await self._serve_in_order(viewer, LINK, [view], at_us, None, source=Source.DIRECT)

    async def found(self, viewer: Viewer, views: Sequence[ClipView], at_us: int) -> Page:
        """What a search found, judged, in its order."""
        return await self._serve_in_order(viewer, SEARCH, views, at_us, None, source=Source.DIRECT)

    async def similar(
        self, viewer: Viewer, clip_id: ClipId, count: int, at_us: int
    ) -> tuple[ClipView, list[tuple[ClipView, str]]]:
        """The clip, and what goes together with it, each with the tag that both have, or "" for what the same viewers
        watched well, which comes first. `Absent` or `Withheld` where the clip may not be shown."""
        view = await shown_clip(self._database, viewer, clip_id, Door.LINK, at_us)
        async with self._turn_of(viewer.id):
            viewer = await self._with_muting(viewer)
        company = company_of(self.learning.learner, clip_id)
        why = dict.fromkeys(company, "")
        for tag in view.tags if len(company) < count else ():
            tagged = await clips.by_tag_for_viewer(self._database, tag, LATEST, count + 1)
            why |= {one: tag for _, one in tagged if one != clip_id and one not in why}
        views = await self._judged(viewer, list(why), at_us)
        shown = [(views[one], tag) for one, tag in why.items() if one in views]
        return view, shown[:count]

    async def reset(self, account: Account, at_us: int) -> None:
        """Begin the account's feed anew: its next page is a newcomer's."""
        async with self._turn_of(ViewerId(account.id)):
            await reset_feed(self._backends, account, at_us)
            await self.learning.caught_up()

    # What a viewer does: the next page knows it

    @asynccontextmanager
    async def acting(self, account: Account) -> AsyncIterator[None]:
        """What the account does inside is known to its next page. It is done even where the learner is behind."""
        async with self._turn_of(ViewerId(account.id)):
            yield
            try:
                await self.learning.caught_up()
            except BackendError as error:
                log.warning("not told yet", error=str(error))

    async def shown_lately(self, account: Account, at_us: int) -> list[ClipId]:
        """What was put before the account, the last first: on pages of half an hour, but for profiles' and tags'."""
        feeds, after_us = (FOR_YOU, FOLLOWING, LINK), at_us - LATELY_US
        past = await pages.newest_of(self._database, ViewerId(account.id), feeds, after_us, PAGES_BACK)
        shown = [clip_id for page in past for clip_id in reversed(pages.clip_ids_in(page.impressions))]
        return list(dict.fromkeys(shown))[:FOUND_AT_ONCE]

    async def set_wish(self, account: Account, kind: WishKind, name: str, level: int, at_us: int) -> FeedWish:
        """More or less of a tag or of an author. Raises what the action raises."""
        async with self._turn_of(ViewerId(account.id)):
            wish = await choosing.set_wish(self._backends, account, kind, name, level, at_us, self._random)
            await self.learning.caught_up()
            return wish

    async def set_muted_words(self, account: Account, words: Sequence[str], at_us: int) -> tuple[str, ...]:
        """All words that its feeds leave out. Raises what the action raises."""
        async with self._turn_of(ViewerId(account.id)):
            try:
                return await choosing.set_muted_words(self._backends, account, words, at_us)
            finally:
                self._mutings.pop(ViewerId(account.id), None)

    async def set_profiled(self, account: Account, is_profiled: bool, at_us: int) -> None:
        """Whether what the account watches may shape its pages."""
        async with self._turn_of(ViewerId(account.id)):
            await choosing.set_profiled(self._backends, account, is_profiled, at_us)
            await self.learning.caught_up()

    async def why(self, viewer: Viewer, page_id: PageId, position: int) -> Why:
        """What put a clip there, for whom it was shown to and for moderators; `Absent` (code `impression-absent`), or
        `Gone` (code `page-pruned`)."""
        page = await pages.by_id(self._database, viewer.id, page_id)
        if page is None and viewer.may(Role.MODERATOR):
            page = await pages.anybodys_for_system(self._database, page_id)
        if page is None:
            await check_kept(self._database, page_id)
        if page is None or not 0 <= position < len(page.shown):
            raise Absent("impression-absent", "No clip was shown to you there.")
        return why_of(page, position)

    # Watches

    async def take_watches(self, viewer: Viewer, report: BatchReport, at_us: int) -> tuple[int, bool]:
        """How many watches were taken in, and whether the batch was there already. Durable and learned on return."""
        batch = await checked(self._database, viewer.id, report, at_us)
        is_new = await self.learning.append(batch)
        return batch.count, not is_new

    # The steps

    async def _judged_ranking(self, viewer: Viewer, asked: Asked) -> tuple[Ranked, dict[ClipId, ClipView]]:
        """A page of which every clip may be shown. What may not is taken out, and the page is ranked anew."""
        views: dict[ClipId, ClipView] = {}
        while True:
            ranked = rank(self.learning.learner, self.learning.place, asked)
            unjudged = [one.clip_id for one in ranked.placed if one.clip_id not in views]
            if not unjudged:
                return ranked, views
            views |= await self._judged(viewer, unjudged, asked.at_us)
            if all(clip_id in views for clip_id in unjudged):
                return ranked, views
            gathered = [ClipId(clip_id) for clip_id in ranked.scores.candidates.clip_ids.tolist()]
            rest = [clip_id for clip_id in gathered if clip_id not in views]
            views |= await self._judged(viewer, rest, asked.at_us)
            asked = replace(asked, refused=asked.refused.union(clip_id for clip_id in rest if clip_id not in views))

    async def _judged(self, viewer: Viewer, clip_ids: Sequence[ClipId], at_us: int) -> dict[ClipId, ClipView]:
        """Those that may be shown in a feed; nobody's own clips are."""
        own_id = viewer.account.id if viewer.account else None
        views = await shown_clips(self._database, viewer, clip_ids, Door.FEED, at_us)
        return {view.clip.id: view for view in views if view.clip.author_id != own_id}

    async def _newest(
        self, viewer: Viewer, find: Find, door: Door, before: Moment | None, count: int | None, at_us: int
    ) -> tuple[list[ClipView], Moment | None]:
        """Up to `count` that may be shown, and what to go on from; None where nothing is left."""
        count, behind = count or self.rules.page_count, before or LATEST
        views: list[ClipView] = []
        came: dict[ClipId, Moment] = {}
        limit = count
        while len(views) < count and len(came) < JUDGED_AT_MOST:
            found = await find(behind, limit)
            came |= {one.clip_id: one for one in found}
            views += await shown_clips(self._database, viewer, [one.clip_id for one in found], door, at_us)
            if len(found) < limit and len(views) <= count:
                return views, None
            behind, limit = found[-1] if found else behind, JUDGED_AT_ONCE
        if len(views) > count:
            behind = came[views[count - 1].clip.id]
        return views[:count], behind

    async def _followed(
        self, viewer: Viewer, account_id: AccountId, before: Moment | None, count: int, at_us: int, *, again: bool
    ) -> tuple[list[ClipView], Moment | None]:
        """Up to `count`, and what to go on from; None where nothing is left. `again`: as for `Learner.gather`."""
        is_top, behind = before in (None, FROM_TOP), before or LATEST
        past = await self._following_pages(viewer.id, at_us, PAGES_BACK)
        last = await self._of_last_clip(past[0] if past else None)
        shown = {clip_id for page in past for clip_id in pages.clip_ids_in(page.impressions)}
        is_all = len(past) < PAGES_BACK
        followed_tags = await tags.followed_by(self._database, account_id)
        unwanted = {account_id, *await choices.unwanted_authors_of(self._database, account_id)}
        judged: list[ClipView] = []
        came: dict[ClipId, Moment] = {}
        moments: list[Moment] = []
        unseen: list[ClipId] = []
        judged_count, limit, is_end, found_limit = 0, 2 * count, False, FOUND_AT_FIRST
        while judged_count < JUDGED_AT_MOST and not is_settled(judged, count, *last):
            if unseen:
                wanted, unseen = unseen[:limit], unseen[limit:]
                views = await shown_clips(self._database, viewer, wanted, Door.FEED, at_us)
                # What stands there for its tag is nobody's own, and by none of those of whom nothing is wanted.
                judged += [view for view in views if view.is_followed or view.clip.author_id not in unwanted]
                judged_count, limit = judged_count + len(wanted), min(JUDGED_AT_ONCE, 2 * limit)
                behind = came[wanted[-1]] if unseen else moments[-1]
                continue
            if is_end:
                break
            moments = await self._newest_followed(account_id, followed_tags, behind, found_limit, at_us)
            came |= {one.clip_id: one for one in moments}
            found = [one.clip_id for one in moments]
            marks = dict(zip(found, self.learning.learner.has_seen(viewer.id, found, at_us, again), strict=True))
            if not is_all and any(marks[clip_id] is None and clip_id not in shown for clip_id in found):
                past = await self._following_pages(viewer.id, at_us, self.rules.seen_window_clips)
                shown = {clip_id for page in past for clip_id in pages.clip_ids_in(page.impressions)}
                is_all = True
            unseen = [c for c in found if (c not in shown if marks[c] is None else not marks[c])]
            is_end = len(found) < found_limit
            behind = moments[-1] if moments else behind
            found_limit = FOUND_AT_ONCE
        is_end = is_end and not unseen
        passed_on = await self._passed_on(viewer, account_id, judged, came, shown, at_us, again) if is_top else []
        views = alternating(passed_on or judged, count, *last)
        left = {view.clip.id for view in passed_on or judged} - {view.clip.id for view in views}
        if left and not passed_on:
            newest = max(came[clip_id] for clip_id in left)
            behind, is_end = Moment(newest.at_us, ClipId(newest.clip_id + 1)), False
        elif left:
            behind, is_end = FROM_TOP, False
        return list(views), None if is_end else behind

    async def _passed_on(
        self, viewer: Viewer, account_id: AccountId, judged: Sequence[ClipView], came: Mapping[ClipId, Moment],
        shown: Collection[ClipId], at_us: int, again: bool,
    ) -> list[ClipView]:  # fmt: skip
        """What the followed reposted lately and the viewer has not been shown, among what was judged, by the time at
        which each came; nothing where there is no such thing."""
        from_id = first_id_at(at_us - REPOSTED_US)
        found = await reposts.by_followed(self._database, account_id, from_id, FOUND_AT_ONCE)
        there = {view.clip.id for view in judged}
        passed: dict[ClipId, Moment] = {}
        for one in found:
            if one.clip_id not in there and _may_say(viewer, one):
                passed.setdefault(one.clip_id, Moment(made_at_us(one.id), one.clip_id))
        clip_ids = list(passed)
        marks = self.learning.learner.has_seen(viewer.id, clip_ids, at_us, again)
        marked = zip(clip_ids, marks, strict=True)
        unseen = [clip_id for clip_id, mark in marked if (clip_id not in shown if mark is None else not mark)]
        views = await shown_clips(self._database, viewer, unseen[:JUDGED_AT_ONCE], Door.FEED, at_us)
        if not views:
            return []
        places = {**came, **passed}
        return sorted((*judged, *views), key=lambda view: places[view.clip.id], reverse=True)

    async def _reposted(self, viewer: Viewer, account_id: AccountId, views: Sequence[ClipView]) -> dict[ClipId, Repost]:
        """Which of the clips somebody followed reposted."""
        clip_ids = [view.clip.id for view in views]
        found = await reposts.of_clips_by_followed(self._database, account_id, clip_ids)
        return {clip_id: one for clip_id, one in found.items() if _may_say(viewer, one)}

    async def _newest_followed(
        self, account_id: AccountId, followed_tags: Sequence[str], behind: Moment, limit: int, at_us: int
    ) -> list[Moment]:
        """The newest by the authors and with the tags that the account follows.

        Looked for in spans of time, each longer than the one before: of those who publish much, what they once
        published is not read, and of those who publish little there is little to read.
        """
        found: list[Moment] = []
        newest_us = min(at_us, behind.at_us)
        for span_us in LOOKED_BACK_US:
            from_us, left = newest_us - span_us, limit - len(found)
            by_authors = await clips.followed_for_viewer(self._database, account_id, from_us, behind, left)
            by_tags = await clips.by_tags_for_viewer(self._database, followed_tags, from_us, behind, left)
            found += sorted({*by_authors, *by_tags}, reverse=True)[:left]
            if len(found) == limit:
                break
            behind = min(Moment(from_us, ClipId(0)), behind)
        return found

    async def _following_pages(self, viewer_id: ViewerId, at_us: int, limit: int) -> list[PageRow]:
        """What the learner cannot know as seen: it is told of clips that everybody may see, once they are."""
        after_us = at_us - self.rules.seen_window_days * DAY_US
        return await pages.newest_of(self._database, viewer_id, (FOLLOWING,), after_us, limit)

    async def _serve_in_order(
        self, viewer: Viewer, feed: str, views: Sequence[ClipView], at_us: int, before: Moment | None,
        source: Source = Source.CHRONOLOGICAL, reposted: Mapping[ClipId, Repost] = NO_REPOSTS,
    ) -> Page:  # fmt: skip
        """A page on which nothing was drawn or scored; `before` is what the next one goes on from."""
        shown = [Shown(view.clip.id, source, 1.0, 0, ()) for view in views]
        return await self._serve(
            viewer, feed, views, shown, at_us, is_end=before is None, before=before, model_hash="", seed=0,
            reposted=reposted,
        )  # fmt: skip

    async def _serve(
        self, viewer: Viewer, feed: str, views: Sequence[ClipView], shown: Sequence[Shown], at_us: int, *,
        is_end: bool, model_hash: str, seed: int, before: Moment | None = None, ranked: bytes | None = None,
        reposted: Mapping[ClipId, Repost] = NO_REPOSTS,
    ) -> Page:  # fmt: skip
        """Write the impressions down, then hand the page out."""
        page_id = PageId(new_id(at_us, self._random))
        # Before the commit: it empties SQLite's page cache.
        files = await renditions.of_clips(self._database, [view.clip.id for view in views])
        if views and self._leaves_trace:
            impressions = pages.packed(shown)
            await self.learning.append(PageRow(viewer.id, page_id, feed, at_us, model_hash, seed, impressions, ranked))
        served = tuple(
            Served(position, one.source, view, tuple(files.get(view.clip.id, ())), reposted.get(view.clip.id))
            for position, (view, one) in enumerate(zip(views, shown, strict=True))
        )
        return Page(page_id, feed, model_hash, is_end, before, served)

    def _turn_of(self, viewer_id: ViewerId) -> asyncio.Lock:
        """One page at a time for a viewer: the next must know what this one showed."""
        lock = self._turns.get(viewer_id)
        if lock is None:
            lock = self._turns[viewer_id] = asyncio.Lock()
        return lock

    async def _with_muting(self, viewer: Viewer) -> Viewer:
        """In the viewer's turn, so that what is kept is what was chosen last."""
        if viewer.account is None:
            return viewer
        if viewer.id not in self._mutings:
            words = await choices.muted_words_of(self._database, viewer.account.id)
            self._mutings[viewer.id] = Muting.of(words) if words else None
            if len(self._mutings) > MUTINGS_KEPT:
                self._mutings.popitem(last=False)
        return replace(viewer, muting=self._mutings[viewer.id])

    def _remember(self, viewer_id: ViewerId, last: Last) -> None:
        self._lasts[viewer_id] = last
        self._lasts.move_to_end(viewer_id)
        if len(self._lasts) > LASTS_KEPT:
            self._lasts.popitem(last=False)

    async def _last_shown(self, viewer_id: ViewerId, at_us: int) -> Last:
        """Author and sound of the clip that For You ended with, across restarts."""
        last = self._lasts.get(viewer_id)
        if last is not None:
            return last
        past = await pages.newest_of(self._database, viewer_id, (FOR_YOU,), at_us - DAY_US, 1)
        last = await self._of_last_clip(past[0] if past else None)
        self._remember(viewer_id, last)
        return last

    async def _of_last_clip(self, page: PageRow | None) -> Last:
        if page is None:
            return None, None
        found = await candidate.author_and_sound_for_system(self._database, pages.clip_ids_in(page.impressions)[-1])
        return found or (None, None)
