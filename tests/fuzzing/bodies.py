"""What schemathesis does not know of itself: how the bytes of an upload and of a picture go onto the wire."""

from typing import Any

import schemathesis
from schemathesis import SerializationContext


@schemathesis.serializer("application/offset+octet-stream", "image/png", "image/jpeg", "image/webp")
def as_they_are(_: SerializationContext, value: Any) -> dict[str, Any]:
    return {"data": value if isinstance(value, bytes) else str(value).encode()}
