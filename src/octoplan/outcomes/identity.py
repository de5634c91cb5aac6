"""The identity of the raids of a run: two runs are comparable only if they met the same raids."""

import hashlib
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from octoplan.outcomes.run import Run
from octoplan.scenario.arrays import Floats, Ints

RAID_KINDS = ("raids", "packages", "splits", "corridors")
"""The kinds whose every parameter decides raids; of a threat only its mix and its links do."""


def raid_identity(run: Run) -> dict[str, str]:
    """Hash, by the thing it stands for, of everything that decides a raid.

    The start, the length, and for the raid process, packages, splits, threats and corridors their names,
    links and drawn numbers. A threat's cost, damage and engagement time change no raid and are left out.
    """
    names, template = run.compiled.names, run.compiled.template
    hashes = {
        "seed": digest(struct.pack("<Q", run.seed)),
        "start": digest(str(run.scenario.start).encode()),
        "months": digest("|".join(names.months).encode()),
        "futures": digest(struct.pack("<Q", run.futures)),
    }
    labels = {
        "raids": (),
        "packages": names.packages,
        "splits": (*names.packages, "/", *names.regions),
        "corridors": names.corridors,
    }
    for kind in RAID_KINDS:
        numbers = [column for (owner, _), column in sorted(run.compiled.slots.items()) if owner == kind]
        links = [template._asdict()[kind][field] for field in ("origin", "into") if kind == "corridors"]
        hashes[kind] = digest("|".join(labels[kind]).encode(), *links, *(draws_of(run, column) for column in numbers))
    threats = template.threats
    hashes["threats"] = digest(
        "|".join(names.threats).encode(),
        *(threats[field] for field in ("package", "decoy", "direct")),
        draws_of(run, run.compiled.slots["threats", "mix"]),
    )
    return hashes


def draws_of(run: Run, columns: Ints) -> Floats:
    return np.where(columns >= 0, run.assumptions.values[:, np.maximum(columns, 0)], 0.0)


def digest(*pieces: bytes | NDArray[Any]) -> str:
    """Short hash of bytes and arrays, whatever their memory layout."""
    total = hashlib.sha256()
    for piece in pieces:
        data = piece if isinstance(piece, bytes) else np.ascontiguousarray(piece).tobytes()
        total.update(struct.pack("<Q", len(data)))
        total.update(data)
    return total.hexdigest()[:16]
