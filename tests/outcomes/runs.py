"""Runs that several tests use, simulated once, and the scenario pocket with changed lines."""

from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from octoplan.api import Run, simulate
from octoplan.scenario import Scenario, load
from octoplan.scenario.calibrated import calibrated_files
from octoplan.scenario.changes import with_default_rows
from octoplan.scenario.scenario import read_files

FUTURES = 60


@lru_cache(maxsize=8)
def pocket(futures: int = FUTURES, seed: int = 1) -> Run:
    return simulate(load("pocket"), futures, seed)


RANGES = {
    "labour_rate,20,,,fixed": "labour_rate,20,15,25,normal",
    "drone.damage,100000,,,fixed": "drone.damage,,50000,200000,lognormal",
    "p_kill,0.75,,,fixed": "p_kill,,0.6,0.9,beta",
    "optimism_bias,0,,,fixed": "optimism_bias,,0.1,0.3,gamma",
}
"""Rows of pocket that are uncertain in ``ranged``."""


@lru_cache(maxsize=1)
def ranged() -> Run:
    """A run of pocket with some parameters uncertain, over 400 futures."""
    with TemporaryDirectory() as folder:
        return simulate(changed(Path(folder) / "ranged", assumptions=RANGES), 400, 1)


CALIBRATED = ("lethality.pocket.drone.p_kill", "threats.drone.damage")
"""Rows of pocket that are calibrated in ``calibrated``."""


def calibrated_scenario() -> Scenario:
    """The scenario of ``ranged`` with two rows calibrated: the joint draws are half of those of the prior."""
    scenario = ranged().scenario
    draws = ranged().assumptions.values[:, [scenario.columns.index(name) for name in CALIBRATED]]
    posterior = draws[np.argsort(draws[:, 0])[: len(draws) // 2]]
    files = calibrated_files(scenario, CALIBRATED, posterior, dict.fromkeys(CALIBRATED, "moved by the record"))
    return read_files({**scenario.files, **files}, "calibrated")


@lru_cache(maxsize=1)
def calibrated() -> Run:
    """A run of ``calibrated_scenario`` over 400 futures."""
    return simulate(calibrated_scenario(), 400, 1)


@lru_cache(maxsize=1)
def octopus() -> Run:
    """A run of octopus, which has several plants, regions, classes, payers and currencies."""
    return simulate(load("octopus"), 6, 1)


def changed(folder: Path, origin: Scenario | None = None, **changes: dict[str, str]) -> Scenario:
    """A scenario with texts of its files replaced, as in ``assumptions={"old": "new"}``; every old text must occur.

    Default values are written out as rows before, with notes that do not mark them as defaults.

    origin
        The scenario to change; pocket by default.
    """
    folder.mkdir(parents=True)
    scenario = origin or load("pocket")
    for name, content in scenario.files.items():
        text = content.decode()
        if name == "assumptions.csv":
            text = with_default_rows(scenario).decode().replace("default: ", "")
        for old, new in changes.get(name.split(".")[0], {}).items():
            assert old in text, f"{old!r} is not in {name}"
            text = text.replace(old, new)
        (folder / name).write_text(text)
    return load(folder)
