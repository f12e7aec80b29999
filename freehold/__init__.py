"""Freehold: a short-video network that its operator owns outright."""

__version__ = "0.1.0"
