"""Every route there is, by module."""

from freehold.api import health, media
from freehold.api.native import accounts, admin, clips, comments, controls, feeds, search, social, tags, uploads
from freehold.api.web import atom, embed, forms, sitemap, static, views

ROUTES = (
    feeds.routes,
    controls.routes,
    media.routes,
    uploads.routes,
    clips.routes,
    social.routes,
    comments.routes,
    search.routes,
    tags.routes,
    accounts.routes,
    admin.routes,
    views.routes,
    embed.routes,
    atom.routes,
    sitemap.routes,
    forms.routes,
    static.routes,
    health.routes,
)
