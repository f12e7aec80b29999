"""The forms of the pages, for browsers without scripts: each does what its API route does and leads on by 303.

A refusal that the person can mend shows the form again with the reason; any other is an error page.
"""

import re
from collections.abc import Awaitable, Mapping

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException
from starlette.responses import Response

from freehold.actions import account as account_actions
from freehold.actions import captions as caption_actions
from freehold.actions import clip as clip_actions
from freehold.actions import comment as comment_actions
from freehold.actions import topic as topic_actions
from freehold.actions.clip import Change
from freehold.api import identity
from freehold.api.edge import BODY_LIMIT_BYTES, read_body
from freehold.api.native import accounts, captions, clips, comments, controls, social, sounds, tags
from freehold.api.native.uploads import words_of
from freehold.api.routes import Access, Kind, Routes, parse_form
from freehold.api.server import Call
from freehold.api.web.answer import page_response, safe_next, see_other
from freehold.api.web.frame import frame_of
from freehold.client import pages
from freehold.domain.choices import WishKind
from freehold.domain.clip import Use, Wish
from freehold.domain.errors import BadInput, Refusal, Throttled, TooLarge, WrongMedia
from freehold.domain.ids import ClipId, CommentId, SessionId, SoundId, id_text, parse_id
from freehold.domain.post import PICTURE_LIMIT
from freehold.media.avatar import MAX_PICTURE_BYTES
from freehold.media.cover import MAX_PICTURE_BYTES as MAX_COVER_BYTES

routes = Routes()


@routes.add("POST", "/forms/sign-in", kind=Kind.PAGE)
async def sign_in(call: Call) -> Response:
    """Sign in and go where one wanted to go."""
    fields = await read_form(call)
    wanted = safe_next(fields.get("next", ""))
    try:
        signed_in = await accounts.sign_in_as(
            call, accounts.SignIn(handle=fields.get("handle", ""), password=fields.get("password", ""))
        )
    except Refusal as refusal:
        html = pages.sign_in(frame_of(call), next_path=wanted, handle=fields.get("handle", ""), refusal=refusal.text)
        return _refused(call, html, refusal)
    return _signed_in(call, signed_in[1], wanted)


@routes.add("POST", "/forms/sign-up", kind=Kind.PAGE)
async def sign_up(call: Call) -> Response:
    """Sign up and go where one wanted to go."""
    fields = await read_form(call)
    wanted = safe_next(fields.get("next", ""))
    body = accounts.SignUp(
        handle=fields.get("handle", ""),
        password=fields.get("password", ""),
        display_name=fields.get("display_name", ""),
    )
    try:
        signed_in = await accounts.sign_up_as(call, body)
    except Refusal as refusal:
        html = pages.sign_up(
            frame_of(call),
            next_path=wanted,
            handle=body.handle,
            display_name=body.display_name,
            refusal=refusal.text,
        )
        return _refused(call, html, refusal)
    return _signed_in(call, signed_in[1], wanted)


@routes.add("POST", "/forms/sign-out", access=Access.HOLDER, kind=Kind.PAGE)
async def sign_out(call: Call) -> Response:
    """End this session."""
    await account_actions.sign_out(call.server.backends.database, call.viewer)
    return accounts.without_session(see_other("/"))


@routes.add("POST", "/forms/profile", access=Access.SIGNED_IN, kind=Kind.PAGE)
async def profile(call: Call) -> Response:
    """Change display name and bio."""
    fields = await read_form(call)
    body = accounts.Profile(display_name=fields.get("display_name"), bio=fields.get("bio"))
    return await _set(call, accounts.change_profile(call, body), "/settings?done=profile")


@routes.add("POST", "/forms/password", access=Access.HOLDER, kind=Kind.PAGE)
async def password(call: Call) -> Response:
    """Change the password."""
    fields = await read_form(call)
    body = accounts.NewPassword(old=fields.get("old", ""), new=fields.get("new", ""))
    return await _set(call, accounts.change_password(call, body), "/settings?done=password")


@routes.add("POST", "/forms/reset-feed", access=Access.HOLDER, kind=Kind.PAGE)
async def reset_feed(call: Call) -> Response:
    """Begin one's feed anew."""
    await call.server.feed.reset(call.account, call.at_us)
    return see_other("/settings?done=feed")


@routes.add("POST", "/forms/wish", access=Access.HOLDER, kind=Kind.PAGE)
async def wish(call: Call) -> Response:
    """Wish for more or fewer clips with a tag or by an author."""
    fields = await read_form(call)

    async def wished() -> None:
        kind = WishKind.AUTHOR if fields.get("kind") == "author" else WishKind.TAG
        await controls.wish_for(call, kind, fields.get("name", ""), _level(fields))

    return await _set(call, wished(), safe_next(fields.get("next", ""), "/settings?done=choice"))


@routes.add("POST", "/forms/muted-words", access=Access.HOLDER, kind=Kind.PAGE)
async def muted_words(call: Call) -> Response:
    """Mute the words that stand in the form, one a line, and no others."""
    fields = await read_form(call)
    muted = controls.mute(call, fields.get("words", "").splitlines())
    return await _set(call, muted, "/settings?done=choice")


@routes.add("POST", "/forms/profiling", access=Access.HOLDER, kind=Kind.PAGE)
async def profiling(call: Call) -> Response:
    """Say whether what one watches may shape one's feed."""
    fields = await read_form(call)
    await controls.profile(call, fields.get("on") == "1")
    return see_other("/settings?done=choice")


@routes.add("POST", "/forms/avatar", access=Access.SIGNED_IN, kind=Kind.PAGE, checks_csrf=False)
async def avatar(call: Call) -> Response:
    """Set the picture. The form has several parts, so the token is looked for here."""
    form = await _read_parts(call, MAX_PICTURE_BYTES)
    file = form.get("avatar")
    try:
        if not isinstance(file, UploadFile):
            raise BadInput("avatar-missing", "Choose a picture first.")
        await accounts.avatar_from(call, await file.read())
    except Refusal as refusal:
        return await _settings_refused(call, refusal)
    finally:
        await form.close()
    return see_other("/settings?done=avatar")


@routes.add("POST", "/forms/sessions/revoke", access=Access.HOLDER, kind=Kind.PAGE)
async def revoke(call: Call) -> Response:
    """End one session, or all others."""
    fields = await read_form(call)
    database = call.server.backends.database
    if "id" in fields:
        await account_actions.revoke_session(database, call.account, SessionId(parse_id(fields["id"]) or 0))
    else:
        await account_actions.revoke_others(database, call.account, call.viewer.session_id)
    return see_other("/settings?done=sessions")


@routes.add("POST", "/forms/delete-account", access=Access.HOLDER, kind=Kind.PAGE)
async def delete_account(call: Call) -> Response:
    """Delete the account and everything that is its own."""
    fields = await read_form(call)
    try:
        await accounts.delete_account_of(call, fields.get("password", ""))
    except Refusal as refusal:
        return await _settings_refused(call, refusal)
    return accounts.without_session(see_other("/"))


@routes.add("POST", "/forms/like", access=Access.SIGNED_IN, kind=Kind.PAGE)
async def like(call: Call) -> Response:
    """Like a clip or take the like back."""
    fields = await read_form(call)
    await social.like_clip(call, _clip_id(fields), fields.get("on") == "1")
    return see_other(safe_next(fields.get("next", "")))


@routes.add("POST", "/forms/follow", access=Access.SIGNED_IN, kind=Kind.PAGE)
async def follow(call: Call) -> Response:
    """Follow an account or stop."""
    fields = await read_form(call)
    await social.follow_account(call, fields.get("handle", ""), fields.get("on") == "1")
    return see_other(safe_next(fields.get("next", "")))


@routes.add("POST", "/forms/follow-tag", access=Access.SIGNED_IN, kind=Kind.PAGE)
async def follow_tag(call: Call) -> Response:
    """Follow a tag or stop."""
    fields = await read_form(call)
    await tags.follow_tag(call, fields.get("tag", ""), fields.get("on") == "1")
    return see_other(safe_next(fields.get("next", "")))


@routes.add("POST", "/forms/comment", access=Access.SIGNED_IN, kind=Kind.PAGE)
async def comment(call: Call) -> Response:
    """Comment on a clip, reply to a comment, or like, pin, edit, let through or delete one."""
    fields = await read_form(call)
    wanted = safe_next(fields.get("next", ""))
    if "verb" in fields:
        await _do_with_comment(call, CommentId(parse_id(fields.get("comment", "")) or 0), fields)
        return see_other(wanted)
    answered = fields.get("reply_to")
    reply_to_id = None if answered is None else CommentId(parse_id(answered) or 0)
    await comments.comment_on(call, _clip_id(fields), fields.get("text", ""), reply_to_id)
    return see_other(wanted if reply_to_id else wanted + "#comments")


async def _do_with_comment(call: Call, comment_id: CommentId, fields: Mapping[str, str]) -> None:
    backends = call.server.backends
    match fields["verb"]:
        case "like" | "unlike" as verb:
            await comments.like_comment(call, comment_id, verb == "like")
        case "pin" | "unpin" as verb:
            await comment_actions.pin(backends, call.account, comment_id, verb == "pin", call.at_us)
        case "edit":
            await comments.edit_as(call, comment_id, fields.get("text", ""))
        case "let-through":
            await comment_actions.let_through(backends, call.account, comment_id, call.at_us)
        case "delete":
            await comment_actions.delete(backends, call.account, comment_id, call.at_us)
        case _:
            raise BadInput("bad-body", "The form says nothing that can be done with a comment.")


@routes.add("POST", "/forms/comment-filter", access=Access.HOLDER, kind=Kind.PAGE)
async def comment_filter(call: Call) -> Response:
    """Hold back comments under one's clips with the words that stand in the form, one a line, and no others."""
    fields = await read_form(call)
    words = fields.get("words", "").splitlines()
    held_back = comment_actions.set_filter(call.server.backends, call.account, words, call.at_us)
    return await _set(call, held_back, "/settings?done=comments#comment-filter")


@routes.add("POST", "/forms/sound", access=Access.SIGNED_IN, kind=Kind.PAGE)
async def sound(call: Call) -> Response:
    """Say what a sound of one's own is called."""
    fields = await read_form(call)
    await sounds.name_sound(call, SoundId(parse_id(fields.get("sound", "")) or 0), fields.get("name", ""))
    return see_other(safe_next(fields.get("next", "")))


@routes.add("POST", "/forms/upload", access=Access.CREATOR, kind=Kind.PAGE, checks_csrf=False)
async def upload(call: Call) -> Response:
    """Post a clip, at once or at its time, or keep it as a draft."""
    await clips.receive_form(call, checks_csrf=True)
    return see_other("/studio")


@routes.add("POST", "/forms/photos", access=Access.CREATOR, kind=Kind.PAGE, checks_csrf=False)
async def photos(call: Call) -> Response:
    """Post pictures in the order of the form, at once or at their time, or keep them as a draft."""
    await clips.receive_photos(call)
    return see_other("/studio")


@routes.add("POST", "/forms/topic", access=Access.OPERATOR, kind=Kind.PAGE)
async def topic(call: Call) -> Response:
    """Put a topic together, change it or take it away."""
    fields = await read_form(call)
    server, name, place = call.server, fields.get("name", "").strip(), fields.get("place") or "100"
    if fields.get("verb") == "delete":
        await topic_actions.delete_topic(server.backends, call.account, name, call.at_us)
        return see_other("/explore?done=words")
    if not re.fullmatch(r"[0-9]{1,4}", place):
        raise BadInput("topic-place", "A topic's place is a number from 0 to 1000.")
    tags_said = fields.get("tags", "").split()
    await topic_actions.set_topic(
        server.backends, call.account, name, fields.get("title", ""), int(place), tags_said, call.at_us, server.random
    )
    return see_other("/explore?done=words")


@routes.add("POST", "/forms/text", access=Access.CREATOR, kind=Kind.PAGE)
async def text(call: Call) -> Response:
    """Post words on a ground, at once or at their time, or keep them as a draft."""
    fields = await read_form(call)
    look = fields.get("look", "")
    try:
        clip = await clips.write_words(call, words_of(fields), look)
    except (BadInput, Throttled) as refusal:
        said = {"caption": fields.get("caption", ""), "look": look}
        return _refused(call, pages.write(frame_of(call), said=said, refusal=refusal.text), refusal)
    mine = await clips.shape_of(call, clip.id)
    return see_other(mine["url"] if mine["is_published"] else "/studio")


@routes.add("POST", "/forms/clip", access=Access.SIGNED_IN, kind=Kind.PAGE)
async def clip(call: Call) -> Response:
    """Publish, pin, retry, withdraw or delete a clip of one's own, or call off its time to be published."""
    fields = await read_form(call)
    server, clip_id = call.server, _clip_id(fields)
    match fields.get("verb"):
        case "publish":
            await clip_actions.publish(server.backends, call.account, clip_id, call.at_us)
        case "retry":
            await clip_actions.retry(server.backends, call.account, clip_id, call.at_us)
        case "withdraw":
            await clip_actions.withdraw(server.backends, call.account, clip_id, call.at_us)
        case "pin" | "unpin" as verb:
            await clips.pin_clip(call, clip_id, verb == "pin")
        case "draft":
            await clip_actions.change(server.backends, call.account, clip_id, Change(wish=Wish.DRAFT), call.at_us)
        case "delete":
            await clip_actions.delete(server.backends, server.incoming_dir, call.account, clip_id, call.at_us)
        case _:
            raise BadInput("bad-body", "The form says nothing that can be done with a clip.")
    return see_other(safe_next(fields.get("next", ""), "/studio"))


@routes.add("POST", "/forms/words", access=Access.SIGNED_IN, kind=Kind.PAGE)
async def words(call: Call) -> Response:
    """Change what is said of a clip of one's own, or the moment of its cover alone."""
    fields = await read_form(call)
    clip_id = _clip_id(fields)

    async def asked() -> Change:
        if fields.get("only") == "cover":
            return Change(cover=await clips.moment_cover(call, clip_id, _milliseconds(fields)))
        return _change_in(fields)

    try:
        wanted = await clips.change_as_asked(call, clip_id, asked)
    except BadInput as refusal:
        return await _edit_refused(call, clip_id, refusal)
    return see_other(f"/studio/{id_text(clip_id)}?done=words" if wanted.wish is None else "/studio")


@routes.add("POST", "/forms/cover", access=Access.SIGNED_IN, kind=Kind.PAGE, checks_csrf=False)
async def cover(call: Call) -> Response:
    """Show a clip by a picture. The form has several parts, so the token is looked for here."""
    form = await _read_parts(call, MAX_COVER_BYTES)
    clip_id, file = ClipId(parse_id(str(form.get("clip", ""))) or 0), form.get("picture")
    try:
        if not isinstance(file, UploadFile):
            raise BadInput("cover-missing", "Choose a picture first.")
        await clips.show_by_picture(call, clip_id, await file.read())
    except (BadInput, TooLarge, WrongMedia) as refusal:
        return await _edit_refused(call, clip_id, refusal)
    finally:
        await form.close()
    return see_other(f"/studio/{id_text(clip_id)}?done=words")


@routes.add("POST", "/forms/captions", access=Access.SIGNED_IN, kind=Kind.PAGE, checks_csrf=False)
async def captions_from_file(call: Call) -> Response:
    """Set captions from a file. The form has several parts, so the token is looked for here."""
    form = await _read_parts(call, BODY_LIMIT_BYTES)
    clip_id, file = ClipId(parse_id(str(form.get("clip", ""))) or 0), form.get("captions")
    try:
        if not isinstance(file, UploadFile):
            raise BadInput("captions-missing", "Choose a file first.")
        await captions.set_from_file(call, clip_id, str(form.get("language", "")), await file.read())
    except BadInput as refusal:
        return await _edit_refused(call, clip_id, refusal)
    finally:
        await form.close()
    return see_other(f"/studio/{id_text(clip_id)}?done=words")


@routes.add("POST", "/forms/captions/delete", access=Access.SIGNED_IN, kind=Kind.PAGE)
async def delete_captions(call: Call) -> Response:
    """Take captions away."""
    fields = await read_form(call)
    clip_id, language = _clip_id(fields), fields.get("language", "")
    await caption_actions.delete_captions(call.server.backends, call.account, clip_id, language, call.at_us)
    return see_other(f"/studio/{id_text(clip_id)}?done=words")


def _change_in(fields: Mapping[str, str]) -> Change:
    """All that the form says. `BadInput` (code `bad-words`)."""
    said = words_of(fields)
    return Change(
        said.caption, said.audience, said.wish if "wish" in fields else None, said.alt, said.language, said.is_ai_made,
        said.is_sensitive, {use: said.permissions.of(use) for use in Use},
        said.publish_at_us if said.wish is Wish.PUBLISH else None, look=fields.get("look"),
        may_transcribe=said.may_transcribe,
        picture_alts=_alts_in(fields),
    )  # fmt: skip


def _alts_in(fields: Mapping[str, str]) -> list[str] | None:
    """`alt_1`, `alt_2` and so on, as far as they go; None where there is none."""
    alts = [fields[f"alt_{place}"] for place in range(1, PICTURE_LIMIT + 1) if f"alt_{place}" in fields]
    return alts or None


def _milliseconds(fields: Mapping[str, str]) -> int:
    """`BadInput` (code `bad-cover`)."""
    text = fields.get("cover_ms", "")
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise BadInput("bad-cover", "The cover is a moment of the clip, in milliseconds from its start.")
    return int(text)


async def _edit_refused(call: Call, clip_id: ClipId, refusal: Refusal) -> Response:
    mine = await clips.shape_of(call, clip_id)
    return _refused(call, pages.edit(frame_of(call), mine, refusal=refusal.text), refusal)


async def _read_parts(call: Call, size_bytes: int) -> FormData:
    """A form with one file of up to so many bytes, its token checked."""
    await read_body(call.request, size_bytes + 65_536)
    try:
        form = await call.request.form(max_files=1, max_fields=10)
    except MultiPartException as error:
        raise BadInput("bad-body", f"The form cannot be read: {error.message}") from None
    if identity.bearer_token(call.request) is None:
        identity.check_csrf(call.request, call.server, call.viewer, str(form.get("csrf", "")))
    return form


async def read_form(call: Call) -> Mapping[str, str]:
    """The fields of an ordinary form."""
    return parse_form(await read_body(call.request, BODY_LIMIT_BYTES))


def _clip_id(fields: Mapping[str, str]) -> ClipId:
    return ClipId(parse_id(fields.get("clip", "")) or 0)


def _level(fields: Mapping[str, str]) -> int:
    """`BadInput` (code `bad-body`)."""
    text = fields.get("level", "")
    if not re.fullmatch(r"-?[0-9]", text):
        raise BadInput("bad-body", "The form says no level.")
    return int(text)


def _signed_in(call: Call, token: str, wanted: str) -> Response:
    response = see_other(wanted)
    accounts.set_session_cookie(call, response, token)
    return response


def _refused(call: Call, html: str, refusal: Refusal) -> Response:
    response = page_response(call, html, refusal.http_status)
    if isinstance(refusal, Throttled):
        response.headers["retry-after"] = str(refusal.retry_after_s)
    return response


async def _set(call: Call, setting: Awaitable[object], then: str) -> Response:
    """Where one goes on once it is set; where it is refused, the settings say why."""
    try:
        await setting
    except Refusal as refusal:
        return await _settings_refused(call, refusal)
    return see_other(then)


async def _settings_refused(call: Call, refusal: Refusal) -> Response:
    sessions, chosen = await accounts.sessions_json(call), await controls.controls_json(call)
    followed, held_back = await tags.followed_tags(call), await comments.filter_json(call)
    html = pages.settings(frame_of(call), sessions, chosen, followed, held_back, refusal=refusal.text)
    return _refused(call, html, refusal)
