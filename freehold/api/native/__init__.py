"""The native API: JSON over HTTP, described by `/openapi.json`."""
