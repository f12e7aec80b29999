import os
from pathlib import Path

import pytest

from freehold.media.jail import Jail, open_jail
from freehold.media.limits import Limits


@pytest.fixture(scope="session")
def jail() -> Jail:
    return open_jail()


@pytest.fixture(scope="session")
def limits() -> Limits:
    return Limits()


def media_folder() -> Path:
    """Where the real clips lie: FREEHOLD_MEDIA, else beside the repository."""
    default = Path(__file__).parents[3] / "shared" / "media"
    return Path(os.environ.get("FREEHOLD_MEDIA", default))
