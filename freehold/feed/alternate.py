"""How a list by time is put in order."""

from collections.abc import Sequence

from freehold.domain.clip import ClipView

CHOICE = 4
"""So many times as many as are shown are enough to choose from."""


def alternating(
    views: Sequence[ClipView], count: int, last_author: int | None, last_sound: int | None
) -> list[ClipView]:
    """In the order given, but no two in a row by one author or with one sound while there is another choice."""
    left = list(views)
    page: list[ClipView] = []
    while left and len(page) < count:
        fitting = (
            index
            for index, view in enumerate(left)
            if view.clip.author_id != last_author and (view.clip.sound_id is None or view.clip.sound_id != last_sound)
        )
        view = left.pop(next(fitting, 0))
        page.append(view)
        last_author, last_sound = view.clip.author_id, view.clip.sound_id
    return page


def is_settled(views: Sequence[ClipView], count: int, last_author: int | None, last_sound: int | None) -> bool:
    """Whether what stands behind these views cannot change the page: it is whole, and every one fits the one before;
    or there is more than enough to choose from."""
    page = alternating(views, count, last_author, last_sound)
    before = [(last_author, last_sound), *((view.clip.author_id, view.clip.sound_id) for view in page)]
    return len(views) >= CHOICE * count or (
        len(page) == count
        and all(
            view.clip.author_id != author and (view.clip.sound_id is None or view.clip.sound_id != sound)
            for view, (author, sound) in zip(page, before, strict=False)
        )
    )
