"""Settings that all tests share."""

import os

from hypothesis import settings

# The first example may pay for a compilation; CI must not fail by luck on what it never saw before.
settings.register_profile("octoplan", deadline=None, print_blob=True, derandomize="CI" in os.environ)
settings.load_profile("octoplan")
