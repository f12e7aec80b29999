"""Cuts: a clip that is made of parts of others, with pictures of text over it."""

import json
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from freehold.domain.captions import Stretch
from freehold.domain.ids import ClipId


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of an uploaded clip; the frame at `to_ms` is not in it."""

    clip_id: ClipId
    from_ms: int
    to_ms: int

    @property
    def duration_ms(self) -> int:
        return self.to_ms - self.from_ms


@dataclass(frozen=True, slots=True)
class Overlay:
    """A picture over the whole cut, from a moment of it to another."""

    text: str
    """What it says."""
    picture: bytes
    """PNG."""
    x_permille: int
    """Of its left edge, in the width of the clip."""
    y_permille: int
    """Of its upper edge, in the height of the clip."""
    width_permille: int
    from_ms: int
    to_ms: int


@dataclass(frozen=True, slots=True)
class Cut:
    parts: tuple[Part, ...]
    overlays: tuple[Overlay, ...] = ()

    @property
    def duration_ms(self) -> int:
        return sum(part.duration_ms for part in self.parts)

    def shortened(self, parts: Sequence[Part]) -> list[Stretch]:
        """Where each of its parts comes to stand once they are as short as these; nothing where none is shorter."""
        if tuple(parts) == self.parts:
            return []
        stretches, planned_ms, made_ms = list[Stretch](), 0, 0
        for planned, part in zip(self.parts, parts, strict=True):
            stretches.append(Stretch(planned_ms, planned_ms + part.duration_ms, made_ms))
            planned_ms, made_ms = planned_ms + planned.duration_ms, made_ms + part.duration_ms
        return stretches

    def to_json(self) -> str:
        overlays = [asdict(one) | {"picture": b64encode(one.picture).decode()} for one in self.overlays]
        return json.dumps({"parts": [asdict(part) for part in self.parts], "overlays": overlays})

    @classmethod
    def from_json(cls, text: str) -> "Cut":
        told = json.loads(text)
        return cls(
            tuple(Part(**part) for part in told["parts"]),
            tuple(Overlay(**one | {"picture": b64decode(one["picture"])}) for one in told["overlays"]),
        )
