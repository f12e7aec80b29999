"""`python -m freehold` is `freehold`."""

import sys

from freehold.cli import main

sys.exit(main())
