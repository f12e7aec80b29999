"""What operators ask of the network."""

from freehold.api.present import FiguresShape, figures_json
from freehold.api.routes import Access, Routes, one_of
from freehold.api.server import Call
from freehold.domain.errors import BadInput
from freehold.feed.figures import figures_of

routes = Routes()
SPANS_H = {"24h": 24, "7d": 7 * 24, "30d": 30 * 24}


def asked_hours(call: Call) -> int:
    """`BadInput` (code `bad-query`) where the span is none of ours."""
    span = call.request.query_params.get("span", "24h")
    if span not in SPANS_H:
        raise BadInput("bad-query", f"span is one of {', '.join(SPANS_H)}.")
    return SPANS_H[span]


@routes.add(
    "GET", "/api/admin/feed", access=Access.OPERATOR, answer=FiguresShape, parameters=(one_of("span", SPANS_H),)
)
async def feed_figures(call: Call) -> FiguresShape:
    """How the feed does, in figures over a span of time."""
    server = call.server
    place = server.feed.learning.place
    return figures_json(await figures_of(server.backends.database, place, asked_hours(call), call.at_us))
