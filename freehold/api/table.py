"""Every route there is, by module."""

from freehold.api import health, media
from freehold.api.native import accounts, clips, feeds, social, uploads
from freehold.api.web import forms, static, views

ROUTES = (
    feeds.routes,
    media.routes,
    uploads.routes,
    clips.routes,
    social.routes,
    accounts.routes,
    views.routes,
    forms.routes,
    static.routes,
    health.routes,
)
