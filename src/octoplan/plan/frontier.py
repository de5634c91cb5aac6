"""The frontier of one country's share: plans of each share, flown through the same futures."""

from collections.abc import Mapping
from dataclasses import dataclass

from octoplan.plan.twostage import Flags, Floats


@dataclass(frozen=True)
class Frontier:
    """Plans of one country's share of the units asked, each flown through the same futures.

    shares
        (n,) share of the units asked that the country makes.
    cost, stopped, stopped_share
        (n, futures) millions of the reporting currency; threats; share of threats launched.
    reached
        (n, futures) month (row, from 0) in which ``rate`` good units are first made, infinite where never.
    jobs
        By country, (n, futures) mean jobs over the horizon.
    dominated
        (n,) true where another share is at least as good in mean cost, stopped and resilience, and better in one
        beyond the 95 % interval of the paired difference.
    breaks
        Sentences on where the preferred share changes.
    """

    country: str
    rate: float
    shares: Floats
    cost: Floats
    stopped: Floats
    stopped_share: Floats
    reached: Floats
    jobs: Mapping[str, Floats]
    dominated: Flags
    breaks: tuple[str, ...]
