"""What all pages share, from a call."""

from freehold.api import identity
from freehold.api.present import account_json
from freehold.api.server import Call
from freehold.client import pages


def frame_of(call: Call, notice: str = "") -> pages.Frame:
    url = call.request.url
    return pages.Frame(
        path=url.path + (f"?{url.query}" if url.query else ""),
        now_us=call.at_us,
        csrf=identity.csrf_token(call.request, call.server, call.viewer),
        account=account_json(call.viewer.account) if call.viewer.account else None,
        origin=identity.own_origin(call.request, call.server),
        network=call.server.name,
        reference=call.reference,
        notice=notice,
    )
