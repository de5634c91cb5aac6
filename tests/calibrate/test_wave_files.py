"""Waves on disk: what is read is what was written by the same calibration."""

import random
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from octoplan.calibrate.setup import Period, Setup, prepare
from octoplan.calibrate.wave_files import WaveFiles, fingerprint
from octoplan.calibrate.waves import Wave
from octoplan.outcomes.files import atomic_folder
from tests.calibrate.trial import trial

WAVE = Wave(np.arange(12.0).reshape(4, 3), np.array([[1.0, np.nan]] * 4))


def setup() -> Setup:
    return prepare(trial(), Period(date(2026, 1, 1), date(2026, 3, 31)))


def test_a_damaged_file_or_that_of_another_calibration_is_simulated_again(tmp_path: Path) -> None:
    """Any byte that is changed, added or missing is noticed; nothing else is read."""
    files = WaveFiles(tmp_path, "this")
    files(0, lambda: WAVE)
    (path,) = tmp_path.iterdir()
    again = files.read(path)
    assert again is not None
    assert (again.scores == WAVE.scores).all()
    assert np.array_equal(again.measures, WAVE.measures, equal_nan=True)
    assert WaveFiles(tmp_path, "another").read(path) is None
    content, rng = path.read_bytes(), random.Random(1)
    for _ in range(200):
        changed = bytearray(content)
        changed[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        for damaged in (bytes(changed), content[: rng.randrange(len(content))], content + b"x", b""):
            path.write_bytes(damaged)
            assert files.read(path) is None
    assert files(0, lambda: WAVE) is WAVE
    assert path.read_bytes() == content


def test_the_identity_of_a_calibration_includes_the_classes_of_given_raids() -> None:
    """Two records with the same numbers of missiles and different classes are not the same calibration."""
    first = setup()
    scenario = first.assumptions.scenario
    factors = replace(scenario.factors, threats=2.0 * scenario.factors.threats)
    other = replace(first, assumptions=replace(first.assumptions, scenario=replace(scenario, factors=factors)))
    assert fingerprint(first, "1") == fingerprint(setup(), "1")
    assert fingerprint(first, "1") not in {fingerprint(other, "1"), fingerprint(first, "2")}


def test_a_full_disk_names_the_folder(tmp_path: Path) -> None:
    """An error of the operating system without a path, as when a file is written, names what was to be written."""
    with pytest.raises(OSError, match="No space left on device") as raised, atomic_folder(tmp_path / "new"):
        raise OSError(28, "No space left on device")
    assert raised.value.filename == str(tmp_path / "new")
    assert list(tmp_path.iterdir()) == []
