"""The demo's people at work: they sign up, upload, comment, like, share, follow and watch, by the same ways as
anybody."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

from freehold.actions import account as account_actions
from freehold.actions import comment as commenting
from freehold.actions import social
from freehold.actions import text as texts
from freehold.actions.clip import Words
from freehold.actions.pictures import Picture, gather
from freehold.actions.upload import Announced, Intake, take_file
from freehold.actions.watch import BatchReport, WatchReport
from freehold.api.native.clips import show_words
from freehold.api.server import Server
from freehold.demo.audience import Audience, ClipFeatures, Reaction
from freehold.demo.comments import COMMENTERS, comments_for, remarks_on
from freehold.demo.creators import CREATORS, avatar_png
from freehold.demo.plan import DemoClip
from freehold.demo.posts import DemoPost, Planned
from freehold.demo.sound import SOUNDS
from freehold.demo.words import ANSWERS
from freehold.domain.account import Account, Role, Viewer
from freehold.domain.clip import WATCHABLE, Clip, ClipKind, ClipState, Wish
from freehold.domain.errors import Absent
from freehold.domain.ids import EPOCH_US, ClipId, CommentId, SoundId, ViewerId, id_text, new_id
from freehold.feed.page import Page, Served
from freehold.store import account as accounts
from freehold.store import clip as clips
from freehold.store import sound as sounds

AUDIENCE_SIZE = 200
ROUND_VIEWERS = 100
CLIPS_OF_ONE = 1_000
FOLLOWS_A_COMMENT = 0.4
GONE = frozenset({ClipState.UPLOADING, ClipState.EXPIRED, ClipState.REFUSED, ClipState.FAILED})
LEADS = (("demo.viewer", "Vera Viewer", Role.VIEWER), ("demo.operator", "Olu Operator", Role.OPERATOR))
CREATOR_LEAD = ("demo.creator", "Cleo Creator")
FOLLOWED_BY_VIEWER = frozenset(creator.handle for creator in CREATORS[::3])
"""Whom the viewer that a visitor can sign in as follows from the start."""
REGULARS = (*COMMENTERS, *(creator.handle for creator in CREATORS))
"""Who of the audience has an account: the first, in this order."""
CREATOR_LEADS_EVERY = 9
"""One clip in so many is the creator's whom the visitor can sign in as."""


class Cast:
    """Everybody in the demo, on one server. What they did before is read from the database, not remembered here."""

    def __init__(self, server: Server, planned: Sequence[Planned], seed: int, password: str) -> None:
        self._server = server
        self._database = server.backends.database
        self._planned = {_name_of(one): one for one in planned}
        self._seed = seed
        self._password = password
        self._audience = Audience(seed, AUDIENCE_SIZE)
        self._members: dict[str, Account] = {}
        self._joining = asyncio.Lock()
        self._talked_of: set[ClipId] = set()
        self._said: dict[ClipId, set[str]] = {}
        self._random = Random(seed)
        self._round = 0
        self._intake = Intake(server.backends, server.incoming_dir, server.upload_rules, server.clock, server.random)
        self.watch_count = 0

    async def clips(self) -> list[Clip]:
        """The demo's clips and posts in whatever state, but for those that came to nothing and pictures that no post
        was gathered of."""
        found: list[Clip] = []
        for handle in (CREATOR_LEAD[0], *(creator.handle for creator in CREATORS)):
            account = await accounts.by_handle(self._database, handle)
            if account is not None:
                mine = await clips.of_author_for_system(self._database, account.id, CLIPS_OF_ONE)
                found += [
                    clip
                    for clip in mine
                    if _name(clip) in self._planned and clip.state not in GONE and clip.wish is Wish.PUBLISH
                ]
        return found

    async def missing(self) -> list[Planned]:
        """What no earlier start brought in whole."""
        there = {_name(clip) for clip in await self.clips()}
        return [one for name, one in self._planned.items() if name not in there]

    async def join_leads(self) -> None:
        """The accounts that a visitor signs in with."""
        for handle, name, role in (*LEADS, (*CREATOR_LEAD, Role.CREATOR)):
            await self._join(handle, name, "", role)

    async def publish(self, planned: Planned, paths: Sequence[Path]) -> None:
        """A clip of its file, a photo post of its pictures, or what has no file: words."""
        author = await self._member(_author_of(planned))
        if isinstance(planned, DemoClip):
            words = replace(_words_of(planned), sound_id=await self._sound(planned))
            await self._upload(author, paths[0], _name_of(planned), words)
        elif planned.look is not None:
            clip = await texts.write(self._intake, author, _words_of(planned), planned.look)
            await show_words(self._server, clip)
        else:
            pictures = [
                Picture(await self._upload(author, path, _name_of(planned), Words(kind=ClipKind.PHOTO)), picture.alt)
                for path, picture in zip(paths, planned.pictures, strict=True)
            ]
            await gather(self._intake, author, pictures, _words_of(planned))

    async def _upload(self, author: Account, path: Path, name: str, words: Words) -> ClipId:
        upload = await take_file(self._intake, author, path, Announced(path.stat().st_size, name, words))
        return upload.clip_id

    async def talk(self) -> None:
        """Comment on each clip that has become watchable, like it, and follow its author now and then."""
        for clip in await self.clips():
            if clip.state not in WATCHABLE or clip.id in self._talked_of:
                continue
            self._talked_of.add(clip.id)
            if clip.comment_count == 0 and clip.like_count == 0:
                # A visitor may have taken it away by now.
                with contextlib.suppress(Absent):
                    await self._talk_of(clip, self._planned[_name(clip)])

    async def _talk_of(self, clip: Clip, planned: Planned) -> None:
        backends, random = self._server.backends, self._server.random
        said: list[CommentId] = []
        for handle, text in comments_for(planned, self._seed):
            member = await self._member(handle)
            viewer, at_us = Viewer(ViewerId(member.id), member), self._server.clock()
            said.append((await commenting.comment(backends, viewer, member, clip.id, text, at_us, random)).id)
            if self._random.random() < FOLLOWS_A_COMMENT and handle != _author_of(planned):
                await social.follow(backends, member, _author_of(planned), True, at_us)
        if _author_of(planned) in FOLLOWED_BY_VIEWER:
            await social.follow(
                backends, await self._member(LEADS[0][0]), _author_of(planned), True, self._server.clock()
            )
        if said:
            await self._answer(clip, planned, said[0])
        warmth = self._random.random()
        for member in tuple(self._members.values()):
            if self._random.random() < warmth and member.id != clip.author_id:
                viewer = Viewer(ViewerId(member.id), member)
                await social.like(backends, viewer, member, clip.id, True, self._server.clock())

    async def _answer(self, clip: Clip, planned: Planned, comment_id: CommentId) -> None:
        """Half the creators answer the first comment; some of those pin it."""
        random, server = Random(f"{self._seed}/{planned.index}/answer"), self._server
        if random.random() < 0.5:
            author = await self._member(_author_of(planned))
            viewer, at_us, text = Viewer(ViewerId(author.id), author), server.clock(), random.choice(ANSWERS)
            await commenting.like(server.backends, viewer, author, comment_id, True, at_us)
            await commenting.comment(server.backends, viewer, author, clip.id, text, at_us, server.random, comment_id)
            if random.random() < 0.4:
                await commenting.pin(server.backends, author, comment_id, True, at_us)

    async def watch_round(self) -> None:
        """A part of the audience each ask for a page and watch it by their tastes."""
        kinds = {clip.id: self._planned[_name(clip)] for clip in await self.clips()}
        for number in range(ROUND_VIEWERS):
            who = (self._round * ROUND_VIEWERS + number) % AUDIENCE_SIZE
            viewer = await self._viewer(who)
            page = await self._server.feed.for_you(viewer, None, self._server.clock())
            seen = [(one, self._react(who, one, kinds)) for one in page.clips if one.view.clip.id in kinds]
            if not seen:
                continue
            watches = [_report(page, served, reaction) for served, reaction in seen]
            taken, _ = await self._server.feed.take_watches(
                viewer, BatchReport(f"demo-{id_text(page.id)}", watches), self._server.clock()
            )
            self.watch_count += taken
            for served, reaction in seen if viewer.account else ():
                with contextlib.suppress(Absent):
                    await self._act(viewer, served.view.clip, kinds[served.view.clip.id], reaction)
        self._round += 1

    async def _viewer(self, who: int) -> Viewer:
        if who >= len(REGULARS):
            return Viewer(ViewerId(new_id(EPOCH_US, Random(f"{self._seed}/{who}"))))
        member = await self._member(REGULARS[who])
        return Viewer(ViewerId(member.id), member)

    def _react(self, who: int, served: Served, kinds: dict[ClipId, Planned]) -> Reaction:
        clip = served.view.clip
        planned = kinds[clip.id]
        features = ClipFeatures(planned.kind, planned.tags, planned.creator, clip.duration_ms)
        return self._audience.watch(who, features, self._random)

    async def _act(self, viewer: Viewer, clip: Clip, planned: Planned, reaction: Reaction) -> None:
        """What a member does about a clip that it has just watched, which is never its own."""
        server, member = self._server, viewer.account
        if member is None or not reaction.is_told:
            return
        remark = self._remark(clip.id, planned) if reaction.commented else None
        async with server.feed.acting(member):
            at_us = server.clock()
            if reaction.liked:
                await social.like(server.backends, viewer, member, clip.id, True, at_us)
            if reaction.shared:
                await social.share(server.backends, viewer, member, clip.id, at_us)
            if remark:
                await commenting.comment(server.backends, viewer, member, clip.id, remark, at_us, server.random)
            if reaction.followed:
                shown = await server.feed.shown_lately(member, at_us)
                await social.follow(server.backends, member, _author_of(planned), True, at_us, shown)

    def _remark(self, clip_id: ClipId, planned: Planned) -> str | None:
        """Something that nobody has said of the clip yet, while there is anything."""
        said = self._said.setdefault(clip_id, {text for _, text in comments_for(planned, self._seed)})
        left = [remark for part in remarks_on(planned) for remark in part if remark not in said]
        if not left:
            return None
        said.add(remark := self._random.choice(left))
        return remark

    async def _member(self, handle: str) -> Account:
        """The account of one of the demo's people, made when it first does something: upload or talk, at once."""
        async with self._joining:
            return self._members.get(handle) or await self._introduce(handle)

    async def _introduce(self, handle: str) -> Account:
        creator = next((creator for creator in CREATORS if creator.handle == handle), None)
        account = await self._join(
            handle, creator.name if creator else handle, creator.bio if creator else "",
            Role.CREATOR if creator else Role.VIEWER,
        )  # fmt: skip
        if creator and account.avatar_key is None:
            account = await account_actions.change_avatar(self._server.backends, account, avatar_png(creator))
        self._members[handle] = account
        return account

    async def _join(self, handle: str, name: str, bio: str, role: Role) -> Account:
        known = await accounts.by_handle(self._database, handle)
        if known is not None:
            return known
        account = await account_actions.create(
            self._database, handle=handle, password=self._password, display_name=name, role=role,
            at_us=self._server.clock(), random=self._server.random,
        )  # fmt: skip
        return (
            await account_actions.change_profile(self._database, account, self._server.clock(), bio=bio)
            if bio
            else account
        )

    async def _sound(self, clip: DemoClip) -> SoundId:
        """The sound of that name, which belongs to whoever made it first."""
        sound_id = SoundId(new_id(EPOCH_US, Random(f"{self._seed}/{clip.sound}")))
        if not await sounds.exists(self._database, sound_id):
            sound = next(sound for sound in SOUNDS if sound.id == clip.sound)
            owner = await self._member(sound.by)
            at_us = self._server.clock()
            await self._database.transact(lambda tx: sounds.insert(tx, sound_id, owner.id, sound.title, None, at_us))
        return sound_id


def _report(page: Page, served: Served, reaction: Reaction) -> WatchReport:
    return WatchReport(
        id_text(page.id),
        served.position,
        id_text(served.view.clip.id),
        reaction.watched_ms,
        reaction.completions,
        reaction.skipped,
        reaction.liked,
        reaction.not_interested,
    )


def _author_of(planned: Planned) -> str:
    is_lead = isinstance(planned, DemoClip) and planned.index % CREATOR_LEADS_EVERY == 1
    return CREATOR_LEAD[0] if is_lead else planned.creator


def _words_of(planned: Planned) -> Words:
    is_text = isinstance(planned, DemoPost) and planned.look is not None
    tags = " ".join(f"#{tag}" for tag in planned.tags)
    return Words(planned.caption + ("\n\n" if is_text else " ") + tags, wish=Wish.PUBLISH)


def _name_of(planned: Planned) -> str:
    """What it is known by at a second start: its file's name, or its words."""
    if isinstance(planned, DemoClip):
        return f"demo-{planned.index:03d}.mp4"
    return f"demo-{planned.index}.png" if planned.pictures else _words_of(planned).caption


def _name(clip: Clip) -> str:
    return clip.file_name or clip.caption
