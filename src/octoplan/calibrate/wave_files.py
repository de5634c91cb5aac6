"""Waves on disk, so that an interrupted calibration continues where it stopped."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np

from octoplan.calibrate.setup import Setup
from octoplan.calibrate.waves import Wave
from octoplan.outcomes.checked_arrays import read_arrays, write_arrays

SUFFIX = ".wave"
"""Suffix of the files of waves."""


def fingerprint(setup: Setup, version: str) -> str:
    """SHA-256 of everything that determines the waves: scenario, raids, targets, seed and version."""
    digest = sha256(f"{version} {setup.seed} {setup.scenario.hash}".encode())
    scenario = setup.assumptions.scenario
    for counts in (scenario.raid_counts, scenario.factors.salvos, scenario.factors.threats):
        digest.update(np.ascontiguousarray(counts).tobytes())
    for target in setup.targets:
        digest.update(f"{target.label} {target.value!r} {target.sd!r} {target.used}".encode())
        digest.update(target.days.tobytes())
    return digest.hexdigest()


@dataclass(frozen=True)
class WaveFiles:
    """Waves as files of a folder.

    Attributes:
        folder: The folder, which is created when the first wave is written.
        fingerprint: Identity of the calibration; waves of another one are simulated again.

    """

    folder: Path
    fingerprint: str

    def __call__(self, number: int, simulate: Callable[[], Wave]) -> Wave:
        """Wave ``number`` from its file, or simulated and then written."""
        path = self.folder / f"wave-{number}{SUFFIX}"
        wave = self.read(path)
        if wave is None:
            wave = simulate()
            self.folder.mkdir(parents=True, exist_ok=True)
            write_arrays(path, self.fingerprint.encode(), {"scores": wave.scores, "measures": wave.measures})
        return wave

    def read(self, path: Path) -> Wave | None:
        """The wave of a file; None if there is none, or if it is damaged or belongs to another calibration."""
        arrays = read_arrays(path, self.fingerprint.encode())
        return None if arrays is None else Wave(arrays["scores"], arrays["measures"])
