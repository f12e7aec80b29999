"""Pages and their forms without scripts: what is sent, what is kept, where forms lead."""

import gzip
import re
from urllib.parse import quote

import pytest

from freehold.api.web.answer import safe_next
from freehold.client import assets
from freehold.domain.ids import id_text, parse_id
from tests.api.made import make_clip
from tests.conftest import Client, Running

PASSWORD = "correct horse battery"
PAGES = ("/", "/about", "/sign-in", "/sign-up", "/upload", "/studio", "/tag/none", "/@nobody", "/nothing/here")


async def csrf_of(client: Client, path: str) -> str:
    text = await (await client.request("GET", path)).text()
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', text)
    assert found, text[:500]
    return found[1]


async def test_pages_allow_no_script_but_their_own_files_and_are_kept_by_nobody(idle: Running) -> None:
    client = await idle.new_client()
    for path in PAGES:
        answer = await client.request("GET", path, headers={"accept": "text/html"})
        text = await answer.text()
        policy = dict(part.strip().partition(" ")[::2] for part in answer.headers["content-security-policy"].split(";"))
        assert policy["default-src"] == "'none'" and policy["script-src"] == policy["style-src"] == "'self'", path
        assert policy["frame-ancestors"] == policy["base-uri"] == "'none'" and policy["form-action"] == "'self'"
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert len(answer.headers.getall("content-security-policy")) == 1
        assert not re.search(r"<script(?![^>]*(?:src=|application/json))|\son\w+=|\sstyle=|javascript:", text), path


async def test_a_page_is_compressed_where_that_is_taken(idle: Running) -> None:
    client = await idle.new_client()
    session = client.session
    packed = await session.get(client.base + "/about", headers={"accept-encoding": "gzip"}, auto_decompress=False)
    plain = await session.get(client.base + "/about", headers={"accept-encoding": "gzip;q=0"})
    assert packed.headers["content-encoding"] == "gzip" and "content-encoding" not in plain.headers
    unpacked = gzip.decompress(await packed.read())
    assert len(unpacked) == len(await plain.read()), "but for the masks of the token they are the same"
    assert f"after {idle.settings.feed.log_days} days".encode() in unpacked, "as the setting says"


async def test_signing_up_in_and_out_works_by_forms_and_leads_where_one_wanted_to_go(idle: Running) -> None:
    client = await idle.new_client()
    csrf = await csrf_of(client, "/sign-up?next=/upload")
    fields = {"csrf": csrf, "handle": "Ada", "password": "short", "next": "/upload", "display_name": "Ada <b>"}
    refused = await client.request("POST", "/forms/sign-up", data=fields)
    text = await refused.text()
    assert refused.status == 400 and "at least 10 characters" in text and 'value="Ada"' in text
    assert "Ada &lt;b&gt;" in text and 'value="short"' not in text
    done = await client.request("POST", "/forms/sign-up", data=fields | {"password": PASSWORD})
    assert (done.status, done.headers["location"]) == (303, "/upload")
    page = await (await client.request("GET", "/upload")).text()
    assert 'data-handle="ada"' in page
    out = await client.request("POST", "/forms/sign-out", data={"csrf": await csrf_of(client, "/settings")})
    assert (out.status, out.headers["location"]) == (303, "/")
    asked = await client.request("GET", "/settings")
    assert (asked.status, asked.headers["location"]) == (303, "/sign-in?next=%2Fsettings")
    csrf = await csrf_of(client, asked.headers["location"])
    fields = {"csrf": csrf, "handle": "ada", "password": "wrong password", "next": "/settings"}
    wrong = await client.request("POST", "/forms/sign-in", data=fields)
    assert wrong.status == 401 and "no account with this name and this password" in await wrong.text()
    back = await client.request("POST", "/forms/sign-in", data=fields | {"password": PASSWORD})
    assert (back.status, back.headers["location"]) == (303, "/settings")
    assert (await client.request("GET", "/settings")).status == 200
    assert (await client.request("GET", "/sign-in")).status == 303, "signed in, there is nothing to sign in to"


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)", "",
     "/\t/evil.example", "/\n/evil.example", "/ok\r\nx: y", "evil", "/forms/sign-out", "/x\\y"],
)  # fmt: skip
def test_no_form_leads_to_another_site(wanted: str) -> None:
    assert safe_next(wanted) == "/"


def test_forms_lead_to_paths_of_this_site() -> None:
    for wanted in ("/", "/@ada/video/x?y=1#comments", "/tag/" + quote("schön"), "/following"):
        assert safe_next(wanted) == wanted


async def test_a_sign_in_link_of_another_site_does_not_lead_there(idle: Running) -> None:
    client = await idle.new_client()
    page = await (await client.request("GET", "/sign-in?next=//evil.example/x")).text()
    assert "evil.example" not in page.partition('<form class="card')[2]
    await client.sign_up("ada")
    assert (await client.request("GET", "/sign-in?next=//evil.example/x")).headers["location"] == "/"


async def test_settings_work_by_forms(idle: Running) -> None:
    client = await idle.new_client()
    await client.sign_up("ada")

    async def send(form: str, **fields: str) -> tuple[int, str]:
        answer = await client.request("POST", f"/forms/{form}", data={"csrf": client.csrf, **fields})
        return answer.status, answer.headers.get("location") or await answer.text()

    assert await send("profile", display_name="Ada L", bio="Counts.") == (303, "/settings?done=profile")
    assert "Saved." in await (await client.request("GET", "/settings?done=profile")).text()
    status, text = await send("profile", display_name="Ada L", bio="x" * 301)
    assert status == 400 and "at most 300 characters" in text
    status, text = await send("password", old="wrong password", new="another good one")
    assert status == 403 and "current password" in text
    assert (await send("password", old=PASSWORD, new="another good one"))[0] == 303
    assert (await send("sessions/revoke"))[0] == 303
    status, text = await send("delete-account", password=PASSWORD)
    assert status == 403
    assert await send("delete-account", password="another good one") == (303, "/")
    assert (await client.request("GET", "/@ada")).status == 404


async def test_likes_follows_and_comments_work_by_forms(idle: Running) -> None:
    author, other = [await idle.new_client() for _ in range(2)]
    author_id = parse_id((await author.sign_up("author"))["id"]) or 0
    await other.sign_up("other")
    clip = id_text(await make_clip(idle.server.backends, author_id))
    path = f"/@author/video/{clip}"
    common = {"csrf": other.csrf, "clip": clip, "handle": "author", "next": path}
    for form, fields in (("like", {"on": "1"}), ("follow", {"on": "1"}), ("comment", {"text": "Said & <done>"})):
        answer = await other.request("POST", f"/forms/{form}", data=common | fields)
        assert answer.status == 303 and answer.headers["location"].startswith(path), form
    page = await (await other.request("GET", path)).text()
    assert "Said &amp; &lt;done&gt;" in page and 'aria-pressed="true"' in page
    served = (await other.json("GET", f"/api/clips/{clip}"))["served"]["clip"]
    assert (served["like_count"], served["comment_count"], served["is_followed"]) == (1, 1, True)
    nobody = await idle.new_client()
    await nobody.load_csrf()
    answer = await nobody.request("POST", "/forms/like", data={"csrf": nobody.csrf, "clip": clip, "on": "1"})
    assert answer.status == 401 and "Sign in" in await answer.text()


async def test_who_has_seen_everything_is_told_so_and_not_that_there_is_nothing(idle: Running) -> None:
    author, other = [await idle.new_client() for _ in range(2)]
    author_id = parse_id((await author.sign_up("author"))["id"]) or 0
    await other.sign_up("other")
    assert "This network has just begun" in await (await other.request("GET", "/")).text()
    assert "Nobody followed yet" in await (await other.request("GET", "/following")).text()
    clip = id_text(await make_clip(idle.server.backends, author_id))
    await other.json("PUT", "/api/accounts/author/follow")
    assert clip in await (await other.request("GET", "/following")).text()
    for path in ("/following", "/"):
        text = await (await other.request("GET", path)).text()
        assert "You have seen everything" in text and clip not in text, path


async def test_a_clips_page_has_its_preview_and_one_address(idle: Running) -> None:
    author = await idle.new_client()
    author_id = parse_id((await author.sign_up("author"))["id"]) or 0
    clip = id_text(await make_clip(idle.server.backends, author_id, caption='Say "hi" #made'))
    nobody = await idle.new_client()
    page = await (await nobody.request("GET", f"/@author/video/{clip}")).text()
    assert f'property="og:url" content="{nobody.base}/@author/video/{clip}"' in page
    assert f'property="og:video" content="{nobody.base}/media/{clip}/low.mp4"' in page
    assert 'content="Say &#34;hi&#34; #made"' in page
    wrong = await nobody.request("GET", f"/@somebody/video/{clip}")
    assert (wrong.status, wrong.headers["location"]) == (303, f"/@author/video/{clip}")
    tagged = await (await nobody.request("GET", "/tag/MADE")).text()
    assert clip in tagged


async def test_a_withheld_clips_page_says_who_demanded_it_and_since_when(idle: Running) -> None:
    from tests.api.made import ORDER

    author = await idle.new_client()
    author_id = parse_id((await author.sign_up("author"))["id"]) or 0
    clip = id_text(await make_clip(idle.server.backends, author_id, order=ORDER))
    answer = await (await idle.new_client()).request("GET", f"/@author/video/{clip}")
    text = await answer.text()
    assert answer.status == 451 and "A Court" in text and "AZ 12/34" in text and "October 2025" in text
    told = await (await (await idle.new_client()).request("GET", f"/api/clips/{clip}")).json()
    assert told["error"]["authority"] == "A Court" and told["error"]["reference_number"] == "AZ 12/34"
    assert told["error"]["since_us"] == ORDER.since_us


async def test_static_files_are_immutable_under_their_address_and_nothing_else_is_served(idle: Running) -> None:
    client = await idle.new_client()
    url = assets.static_url("app.js")
    answer = await client.request("GET", url)
    assert answer.status == 200 and "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    again = await client.request("GET", url, headers={"if-none-match": answer.headers["etag"]})
    assert again.status == 304 and await again.read() == b""
    old = await client.request("GET", url.replace(assets.version(), "0" * 12))
    assert old.status == 200 and old.headers["cache-control"] == "no-cache"
    for path in ("../pages.py", "..%2fpages.py", "%2e%2e/pages.py", "/etc/passwd", "nothing.js", "", "app.js%00"):
        for base in (f"/static/{assets.version()}/", "/static/"):
            answer = await client.request("GET", base + path)
            assert answer.status == 404 and b"def " not in await answer.read(), base + path
    for name in assets.assets():
        assert (await client.request("GET", assets.static_url(name))).status == 200


async def test_a_missing_page_is_a_page_for_people_and_json_for_programs(idle: Running) -> None:
    client = await idle.new_client()
    page = await client.request("GET", "/nothing", headers={"accept": "text/html"})
    assert page.status == 404 and page.headers["content-type"].startswith("text/html")
    assert page.headers["x-request-id"] in await page.text()
    told = await client.request("GET", "/nothing")
    error = (await told.json())["error"]
    assert error["code"] == "page-absent" and error["reference"] == told.headers["x-request-id"]
    wrong = await client.request("PUT", "/api/session")
    assert wrong.status == 405 and wrong.headers["allow"] == "DELETE, POST"
    assert (await client.request("PUT", "/about")).headers["allow"] == "GET, HEAD"


async def test_strange_addresses_and_bodies_are_refused_and_no_fault(idle: Running) -> None:
    client = await idle.new_client()
    await client.sign_up("ada")
    for path in (
        "/tag/%00", "/@%00", "/tag/" + "x" * 5000, "/@ada/video/zzzz", "/why/x/y", "/why/0000000000000/999999999999",
        "/api/clips/%F0%9F%8E%89", "/api/feeds/for-you?count=x", "/api/feeds/for-you?count=999", "/@ada?before=x",
        "/tag/%ff%fe", "/media/x/%2e%2e", "/api/clips/1/comments?before=%00",
    ):  # fmt: skip
        answer = await client.request("GET", path)
        assert answer.status < 500, (path, await answer.text())
    for body in (b"", b"{", b"[]", b"null", b'{"handle":1}', b"\xff\xfe", b'{"handle":"a","password":"b","x":1}'):
        answer = await client.request("POST", "/api/session", data=body)
        assert (answer.status, (await answer.json())["error"]["code"]) == (400, "bad-body"), body
    answer = await client.request("POST", "/api/session", data=b" " * (1 << 20) + b"{}")
    assert answer.status == 413
    for form in ("sign-in", "profile", "like", "comment", "clip", "sessions/revoke"):
        data = {"csrf": client.csrf, "clip": "\x00", "id": "\x00", "text": "\x00", "handle": "\x00", "password": "\x00",
                "bio": "\x00"}  # fmt: skip
        answer = await client.request("POST", f"/forms/{form}", data=data)
        assert 400 <= answer.status < 500, (form, await answer.text())
