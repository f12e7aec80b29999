"""Every route there is, by module."""

from freehold.api import health, media
from freehold.api.native import (
    accounts,
    admin,
    captions,
    clips,
    comments,
    controls,
    feeds,
    lists,
    reposts,
    search,
    social,
    sounds,
    tags,
    topics,
    uploads,
)
from freehold.api.web import atom, embed, forms, shelves, sitemap, static, views

ROUTES = (
    feeds.routes,
    controls.routes,
    media.routes,
    uploads.routes,
    clips.routes,
    captions.routes,
    social.routes,
    comments.routes,
    lists.routes,
    reposts.routes,
    search.routes,
    tags.routes,
    topics.routes,
    sounds.routes,
    accounts.routes,
    admin.routes,
    views.routes,
    shelves.routes,
    embed.routes,
    atom.routes,
    sitemap.routes,
    forms.routes,
    static.routes,
    health.routes,
)
