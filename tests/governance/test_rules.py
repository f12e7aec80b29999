"""Every rule, by name: what it decides, for whom, at which door. And that it is asked in the stated order."""

from dataclasses import replace

import pytest

from freehold.domain.account import Account, Role, Viewer
from freehold.domain.clip import Audience, Author, ClipState, ClipView, Origin
from freehold.domain.ids import AccountId, ViewerId
from freehold.domain.muting import Muting
from freehold.domain.verdict import Decision, Door, Verdict
from freehold.governance.rules import RULES, decide
from tests.api.made import NOW_US, ORDER, _clip

AUTHOR, OTHER = AccountId(1), AccountId(2)
SHOW, ABSENT, WITHHOLD = Decision.SHOW, Decision.ABSENT, Decision.WITHHOLD
ALL = tuple(Door)
DIRECT = (Door.PROFILE, Door.LINK, Door.MEDIA, Door.COMMENTS, Door.WHY)


def viewer(id_: AccountId = OTHER, role: Role = Role.VIEWER) -> Viewer:
    return Viewer(ViewerId(id_), Account(id_, f"a{id_}", "", "", role, None, 0, None, 0, 0))


NOBODY, ADA, AUTHOR_SELF, MODERATOR = Viewer(ViewerId(9)), viewer(), viewer(AUTHOR), viewer(role=Role.MODERATOR)
CLIP = replace(_clip(1, AUTHOR, ClipState.READY, Audience.PUBLIC, ""), published_at_us=NOW_US)  # type: ignore[arg-type]
PLAIN = ClipView(CLIP, Author(AUTHOR, "author", "", None, False), None, (), False, False, None)
WITHHELD = replace(PLAIN, withholding=ORDER)
WITHDRAWN = replace(PLAIN, clip=replace(CLIP, state=ClipState.WITHDRAWN, published_at_us=None))
DRAFT = replace(PLAIN, clip=replace(CLIP, published_at_us=None))
SUSPENDED = replace(PLAIN, author=replace(PLAIN.author, is_suspended=True))
PRIVATE = replace(PLAIN, clip=replace(CLIP, audience=Audience.PRIVATE))
FOLLOWERS = replace(PLAIN, clip=replace(CLIP, audience=Audience.FOLLOWERS))
FOLLOWED = replace(FOLLOWERS, is_followed=True)


CAT_HATER = replace(ADA, muting=Muting.of(["cat"]))
CATS = replace(PLAIN, clip=replace(CLIP, caption="A cat."))


def unready(state: ClipState) -> ClipView:
    return replace(PLAIN, clip=replace(CLIP, state=state))


def made_with(source: ClipView | None) -> ClipView:
    """A duet with that clip, which is gone where there is None."""
    return replace(PLAIN, made_from=Origin("duet", source))


CASES = [
    ("published", PLAIN, NOBODY, ALL, SHOW),
    ("published", replace(PLAIN, clip=replace(CLIP, state=ClipState.PLAYABLE)), NOBODY, ALL, SHOW),
    ("withdrawn", WITHDRAWN, NOBODY, ALL, ABSENT),
    ("withdrawn", WITHDRAWN, MODERATOR, ALL, ABSENT),
    ("withdrawn", WITHDRAWN, AUTHOR_SELF, (Door.LINK, Door.MEDIA), SHOW),
    ("withdrawn", WITHDRAWN, AUTHOR_SELF, (Door.FEED, Door.TAG, Door.PROFILE, Door.COMMENTS, Door.WHY), ABSENT),
    *(
        ("not_watchable", unready(state), who, ALL, ABSENT)
        for state in ClipState
        if state not in (ClipState.PLAYABLE, ClipState.READY, ClipState.WITHDRAWN)
        for who in (NOBODY, AUTHOR_SELF, MODERATOR)
    ),
    ("author_suspended", SUSPENDED, NOBODY, ALL, ABSENT),
    ("author_suspended", SUSPENDED, AUTHOR_SELF, ALL, ABSENT),
    ("author_suspended", SUSPENDED, MODERATOR, (Door.FEED,), ABSENT),
    ("published", SUSPENDED, MODERATOR, (Door.LINK, Door.MEDIA, Door.PROFILE), SHOW),
    ("withheld", WITHHELD, NOBODY, (Door.FEED, Door.TAG), ABSENT),
    ("withheld", WITHHELD, NOBODY, DIRECT, WITHHOLD),
    ("withheld", WITHHELD, AUTHOR_SELF, DIRECT, WITHHOLD),
    ("withheld", WITHHELD, MODERATOR, (Door.FEED, Door.TAG), ABSENT),
    ("withheld", WITHHELD, MODERATOR, (Door.COMMENTS, Door.PROFILE, Door.WHY), WITHHOLD),
    ("published", WITHHELD, MODERATOR, (Door.LINK, Door.MEDIA), SHOW),
    ("unpublished", DRAFT, NOBODY, ALL, ABSENT),
    ("unpublished", DRAFT, MODERATOR, ALL, ABSENT),
    ("unpublished", DRAFT, AUTHOR_SELF, (Door.LINK, Door.MEDIA, Door.COMMENTS), SHOW),
    ("unpublished", DRAFT, AUTHOR_SELF, (Door.FEED, Door.TAG, Door.PROFILE, Door.WHY), ABSENT),
    ("audience", PRIVATE, NOBODY, ALL, ABSENT),
    ("audience", replace(PRIVATE, is_followed=True), ADA, ALL, ABSENT),
    ("audience", PRIVATE, MODERATOR, ALL, ABSENT),
    ("published", PRIVATE, AUTHOR_SELF, ALL, SHOW),
    ("audience", FOLLOWERS, NOBODY, ALL, ABSENT),
    ("audience", FOLLOWERS, ADA, ALL, ABSENT),
    ("published", FOLLOWED, ADA, ALL, SHOW),
    ("published", FOLLOWERS, AUTHOR_SELF, ALL, SHOW),
    ("published", made_with(PLAIN), NOBODY, ALL, SHOW),
    ("source_hidden", made_with(None), NOBODY, ALL, ABSENT),
    ("source_hidden", made_with(None), AUTHOR_SELF, ALL, ABSENT),
    ("source_hidden", made_with(WITHDRAWN), NOBODY, ALL, ABSENT),
    ("source_hidden", made_with(PRIVATE), ADA, ALL, ABSENT),
    ("source_hidden", made_with(FOLLOWERS), ADA, ALL, ABSENT),
    ("published", made_with(FOLLOWED), ADA, ALL, SHOW),
    ("source_hidden", made_with(SUSPENDED), ADA, ALL, ABSENT),
    ("source_hidden", made_with(WITHHELD), ADA, DIRECT, WITHHOLD),
    ("source_hidden", made_with(WITHHELD), ADA, (Door.FEED, Door.TAG, Door.SEARCH), ABSENT),
    ("published", made_with(WITHHELD), MODERATOR, (Door.LINK, Door.MEDIA), SHOW),
    ("source_hidden", made_with(made_with(WITHDRAWN)), NOBODY, ALL, ABSENT),
    ("muted", CATS, CAT_HATER, (Door.FEED,), ABSENT),
    ("muted", replace(PLAIN, tags=("cat",)), CAT_HATER, (Door.FEED,), ABSENT),
    ("published", CATS, CAT_HATER, (Door.TAG, *DIRECT), SHOW),
    ("published", CATS, ADA, ALL, SHOW),
    ("published", PLAIN, CAT_HATER, ALL, SHOW),
]


@pytest.mark.parametrize(("rule", "view", "who", "doors", "decision"), CASES)
def test_the_rule_decides_and_is_named(
    rule: str, view: ClipView, who: Viewer, doors: tuple[Door, ...], decision: Decision
) -> None:
    for door in doors:
        assert decide(view, who, door) == Verdict(decision, rule), door


def test_every_rule_has_cases() -> None:
    assert {case[0] for case in CASES} == {rule.__name__ for rule in RULES}


def test_an_order_binds_the_author_too_before_publication_and_after_withdrawal() -> None:
    assert decide(replace(DRAFT, withholding=ORDER), AUTHOR_SELF, Door.MEDIA) == Verdict(WITHHOLD, "withheld")
    assert decide(replace(PRIVATE, withholding=ORDER), AUTHOR_SELF, Door.LINK) == Verdict(WITHHOLD, "withheld")
    assert decide(replace(WITHDRAWN, withholding=ORDER), AUTHOR_SELF, Door.MEDIA) == Verdict(ABSENT, "withdrawn")


def test_what_speaks_against_a_source_binds_the_author_of_a_duet_before_publication_and_after_withdrawal() -> None:
    for mine in (DRAFT, WITHDRAWN):
        with_it = replace(mine, made_from=Origin("duet", replace(PLAIN, withholding=ORDER)))
        assert decide(with_it, AUTHOR_SELF, Door.MEDIA).decision is WITHHOLD
        assert decide(replace(mine, made_from=Origin("duet", None)), AUTHOR_SELF, Door.MEDIA).decision is ABSENT
        assert decide(replace(mine, made_from=Origin("duet", PLAIN)), AUTHOR_SELF, Door.MEDIA).decision is SHOW


def test_an_order_speaks_only_where_the_clip_would_otherwise_be_there_to_be_seen() -> None:
    """A draft or somebody's private clip that is withheld too is as absent as any other: the order leaks nothing."""
    for view in (WITHDRAWN, unready(ClipState.PROBED), SUSPENDED):
        assert decide(replace(view, withholding=ORDER), NOBODY, Door.LINK).decision is ABSENT


@pytest.mark.parametrize("view", [DRAFT, PRIVATE, FOLLOWERS])
def test_an_order_against_a_clip_that_is_not_for_you_is_not_told_to_you(view: ClipView) -> None:
    assert decide(replace(view, withholding=ORDER), NOBODY, Door.LINK).decision is ABSENT
