"""Settings that all tests share."""

import os

from hypothesis import settings

# The first example may include a compilation. In CI the examples are fixed, so that failures are reproducible.
settings.register_profile("octoplan", deadline=None, print_blob=True, derandomize="CI" in os.environ)
settings.load_profile("octoplan")
