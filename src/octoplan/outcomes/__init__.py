"""Labelled results of runs: simulate, measure, compare, and keep them on disk."""

from octoplan.outcomes.raids import draw_raids as draw_raids
from octoplan.outcomes.run import Run as Run
from octoplan.outcomes.run import simulate as simulate
