"""Topics to explore: which there are, their clips, and what operators make of them."""

from typing import TypedDict

import msgspec

from freehold.actions import topic as actions
from freehold.api.native import feeds
from freehold.api.present import PageShape, page_json
from freehold.api.routes import BEHIND, Access, Routes
from freehold.api.server import Call
from freehold.domain.topic import Topic
from freehold.feed.page import Page
from freehold.store import topic as topics

routes = Routes()


class TopicShape(TypedDict):
    name: str
    title: str
    place: int
    tags: list[str]
    url: str


class TopicsAnswer(TypedDict):
    topics: list[TopicShape]


class TopicBody(msgspec.Struct, forbid_unknown_fields=True):
    title: str
    tags: list[str]
    place: int = 100


@routes.add("GET", "/api/topics", answer=TopicsAnswer)
async def all_topics(call: Call) -> TopicsAnswer:
    """The topics to explore, in their order."""
    return {"topics": await topics_json(call)}


@routes.add("GET", "/api/topics/{topic}/clips", answer=PageShape, parameters=(feeds.COUNT, BEHIND))
async def topic_clips(call: Call) -> PageShape:
    """Clips with any of a topic's tags, newest first."""
    return page_json(await topic_page(call, await asked_topic(call)), call.viewer)


@routes.add("PUT", "/api/topics/{topic}", access=Access.OPERATOR, body=TopicBody, answer=TopicShape)
async def put(call: Call, body: TopicBody) -> TopicShape:
    """Put a topic together, or change it."""
    server, name = call.server, call.request.path_params["topic"]
    topic = await actions.set_topic(
        server.backends, call.account, name, body.title, body.place, body.tags, call.at_us, server.random
    )
    return topic_json(topic)


@routes.add("DELETE", "/api/topics/{topic}", access=Access.OPERATOR, status=204)
async def delete(call: Call) -> None:
    """Take a topic away; its tags stay what they are."""
    await actions.delete_topic(call.server.backends, call.account, call.request.path_params["topic"], call.at_us)


async def asked_topic(call: Call) -> Topic:
    """`Absent` (code `topic-absent`)."""
    topic = await topics.by_name(call.server.backends.database, call.request.path_params["topic"])
    if topic is None:
        raise actions.topic_absent()
    return topic


async def topic_page(call: Call, topic: Topic, count: int | None = None) -> Page:
    """Asked with a count, where the address has none."""
    before = await feeds.asked_before(call)
    return await feeds.feed_for(call).about(
        call.viewer, topic.tags, before, feeds.asked_count(call) or count, call.at_us
    )


async def topics_json(call: Call) -> list[TopicShape]:
    return [topic_json(topic) for topic in await topics.all_of_them(call.server.backends.database)]


def topic_json(topic: Topic) -> TopicShape:
    return {
        "name": topic.name,
        "title": topic.title,
        "place": topic.place,
        "tags": list(topic.tags),
        "url": f"/explore/{topic.name}",
    }
