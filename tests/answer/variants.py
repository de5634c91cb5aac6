"""Scenarios with known limits: variants of pocket, and answers of their runs, computed once."""

from functools import lru_cache

from octoplan.answer.answer import Answer, answer_of
from octoplan.api import Run, simulate
from octoplan.outcomes.run_results import RunResults
from octoplan.scenario import Scenario, load
from octoplan.scenario.scenario import read_files

FUTURES = 48
PARTS: dict[str, object] = {"orders.bench.part-set": [1240, 1120, 1240], "plants.bench.heads": 100}
"""Parts and workers for twice the output of pocket."""
CHANGES: dict[str, dict[str, object]] = {
    "few interceptors": {"output.bench": [31, 28, 31]},
    "one crew": {"crews.initial": 1, "kits.initial": 1, **PARTS},
    "one kit": {"kits.initial": 1, **PARTS},
    "no kits": {"kits.initial": 0, **PARTS},
    "no more parts": {"kits.initial": 1},
    "ample": {"crews.initial": 60, "kits.initial": 60, **PARTS},
    "production only": {"packages.raid.routine_mean": 0},
    "nothing made": {"output.bench": 0},
}
"""Changes to pocket, whose 10 interceptors a day and 20 crews meet 2 threats a day, by the name of the variant."""
REGIONS = {"town": 2, "city": 3, "port": 1}
"""Regions of the scenario of ``three_regions``, with their shares of the raids."""


def three_regions() -> Scenario:
    """Pocket with three regions and two plants, no decoys, ranges of six assumptions, and unequal shares of raids."""
    files = load("pocket").files
    programme = files["programme.toml"].decode()
    plant = programme[programme.index("[plants.bench]") : programme.index("[makers.other]")]
    programme = programme.replace(plant, plant + plant.replace("[plants.bench]", "[plants.hall]"))
    tiles = "".join(f"[regions.{name}]\ntile = [{i}, 0]\n" for i, name in enumerate(REGIONS))
    programme = programme.replace("[regions.town]\ntile = [0, 0]\n", tiles)
    decisions = files["decisions.toml"].decode()
    decisions = decisions.replace("bench = [310, 280, 310]", "bench = [62, 56, 62]\nhall = [31, 28, 31]")
    decisions = decisions.replace("bench = 1\n", "bench = 1\nhall = 1\n")
    decisions = decisions.replace("[orders.bench]", "[orders.hall]\npart-set = [62, 56, 62]\n[orders.bench]")
    rows = []
    for row in files["assumptions.csv"].decode().splitlines():
        rows += [row.replace("town", name) for name in REGIONS] if ".town." in row else [row]
        rows += [row.replace("plants.bench", "plants.hall")] if row.startswith("plants.bench") else []
    source = "fixed,1,,,red,example,2026-11-22,unequal shares of the raids"
    rows += [f"splits.raid.{name}.share,{share},,,{source}" for name, share in REGIONS.items()]
    texts = {"programme.toml": programme, "decisions.toml": decisions, "assumptions.csv": "\n".join(rows) + "\n"}
    scenario = read_files({**files, **{name: text.encode() for name, text in texts.items()}}, "three regions")
    return scenario.change(
        {
            "packages.raid.concentration": 20,
            "packages.raid.routine_mean": "1 to 3",
            "threats.drone.damage": "50000 to 200000 GBP",
            "lethality.pocket.drone.p_kill": "0.6 to 0.9",
            "plants.hall.hours_first": "1 to 2 hours",
            "kits.initial": "10 to 20",
            "gates.licence.duration": "2 to 20 days",
        }
    )


def production_only() -> Scenario:
    """Pocket without raids, with ranges of the hours of work and of the duration of the licence."""
    return variant("production only").change(
        {
            "plants.bench.hours_first": "1.5 to 3 hours",
            "gates.licence.duration": "5 to 40 days",
            "plants.bench.yield_first": 1,
            "plants.bench.yield_mature": "0.9 to 0.99",
            "plants.bench.yield_units": 1,
        }
    )


def variant(name: str) -> Scenario:
    """A variant of pocket."""
    return load("pocket").change(CHANGES[name])


@lru_cache(maxsize=16)
def run_of(name: str, seed: int = 1) -> Run:
    """A run of a variant."""
    return simulate(variant(name), FUTURES, seed)


@lru_cache(maxsize=16)
def answer(name: str) -> Answer:
    """The answer of the run of a variant."""
    result = answer_of(RunResults(run_of(name)))
    assert result is not None
    return result
