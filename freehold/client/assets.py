"""The static files, read once, under one address that changes when any of them does.

`/static/VERSION/NAME`: the version is a hash over all files, so the modules import each other by relative
paths and a page never mixes two releases. An answer under the current version is immutable; under any other
version the same file is still served, to be asked for again.
"""

import gzip
import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "static"
PREFIX = "/static"
CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One static file. `gzipped` is the same content, None where compressing brings nothing."""

    name: str
    content: bytes
    gzipped: bytes | None
    content_type: str
    etag: str


@cache
def assets() -> dict[str, Asset]:
    """Every static file by its name below the folder, with forward slashes."""
    paths = (path for path in sorted(FOLDER.rglob("*")) if path.is_file())
    return {asset.name: asset for asset in map(_read, paths)}


@cache
def version() -> str:
    """The hash over all static files that their addresses carry."""
    digest = hashlib.sha256()
    for name, asset in assets().items():
        digest.update(name.encode() + b"\0" + asset.etag.encode())
    return digest.hexdigest()[:12]


def static_url(name: str) -> str:
    """The address of a static file; KeyError where there is no such file."""
    return f"{PREFIX}/{version()}/{assets()[name].name}"


def find(path: str) -> tuple[Asset, bool] | None:
    """The file for an address below /static/, and whether its answer is immutable; None where there is none."""
    asked, _, name = path.partition("/")
    asset = assets().get(name)
    return None if asset is None else (asset, asked == version())


def _read(path: Path) -> Asset:
    content = path.read_bytes()
    if path.suffix == ".js":
        content = without_types(content.decode()).encode()
    gzipped = gzip.compress(content, 9, mtime=0)
    return Asset(
        name=path.relative_to(FOLDER).as_posix(),
        content=content,
        gzipped=gzipped if len(gzipped) < len(content) * 0.9 else None,
        content_type=CONTENT_TYPES[path.suffix],
        etag=f'"{hashlib.sha256(content).hexdigest()[:16]}"',
    )


def without_types(module: str) -> str:
    """A module without its JSDoc, which is for the type checker; lines keep their numbers.

    Trap: this does not parse, so no string or pattern of a module may hold the three characters that open one.
    """
    return re.sub(r"/\*\*.*?\*/ ?", lambda doc: "\n" * doc[0].count("\n"), module, flags=re.DOTALL)
