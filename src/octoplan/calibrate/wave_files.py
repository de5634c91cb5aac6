"""Waves on disk, so that an interrupted calibration continues where it stopped."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from octoplan.calibrate.setup import Setup
from octoplan.calibrate.waves import Wave


def fingerprint(setup: Setup, version: str) -> str:
    """SHA-256 of everything that determines the waves: scenario, raids, targets, seed and version."""
    digest = sha256(f"{version} {setup.seed} {setup.scenario.hash}".encode())
    digest.update(np.ascontiguousarray(setup.assumptions.scenario.raid_counts).tobytes())
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
        path = self.folder / f"wave-{number}.npz"
        wave = self.read(path)
        if wave is None:
            wave = simulate()
            self.folder.mkdir(parents=True, exist_ok=True)
            temporary = path.with_suffix(".part")
            with temporary.open("wb") as file:
                np.savez(file, scores=wave.scores, measures=wave.measures, fingerprint=self.fingerprint)
            temporary.replace(path)
        return wave

    def read(self, path: Path) -> Wave | None:
        """The wave of a file; None if there is none, or if it is damaged or belongs to another calibration."""
        try:
            with np.load(path, allow_pickle=False) as content:
                if str(content["fingerprint"]) != self.fingerprint:
                    return None
                return Wave(content["scores"], content["measures"])
        except (FileNotFoundError, BadZipFile, KeyError, ValueError, EOFError, OSError):
            return None

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)
