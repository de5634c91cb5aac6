"""Drawing raids only: 1,000 futures of the built-in scenario, compared with numpy drawing the same kind of counts.

``python -m bench.draw FUTURES THREADS`` prints the seconds that drawing takes once the kernels are compiled.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter, process_time

import numpy as np

import octoplan
from bench.octopus import FUTURES
from bench.report import Row, cores, fastest, limit_cores, run_process
from octoplan.scenario.arrays import Floats, Ints

SEED, COMPARED, CONCENTRATION = 1, 20, 20.0
"""Seed of the draws, number of futures compared, and the Dirichlet concentration used in numpy."""


def seconds(futures: int, threads: int) -> tuple[float, float]:
    """Wall and processor seconds of one draw with its assumptions in this process; the kernels are compiled first."""
    scenario = octoplan.load("octopus")
    with ThreadPoolExecutor(threads) as executor:
        octoplan.draw_raids(scenario, 2, SEED)
        start, cpu = perf_counter(), process_time()
        octoplan.draw_raids(scenario, futures, SEED, executor=executor)
        return perf_counter() - start, process_time() - cpu


def numpy_raids(rng: np.random.Generator, mean: Floats, mix: Floats, shares: Floats) -> list[Ints]:
    """Threats of one future, (days, threats, regions) a package: Poisson, Dirichlet and multinomial, all days at once.

    mean
        (days, packages) expected counts; regime, level and shock are taken as known.
    mix, shares
        (packages, threats), (packages, regions) shares.
    """
    raids = []
    for package, expected in enumerate(mean.T):
        counts = rng.poisson(expected)
        counts = counts[counts > 0]
        destinations = rng.dirichlet(CONCENTRATION * shares[package], size=len(counts))
        raids.append(rng.multinomial(rng.multinomial(counts, mix[package]), destinations[:, None]))
    return raids


def against_numpy() -> tuple[float, float, float]:
    """Processor seconds of one future in octoplan and in numpy (given the counts and shares); its threats."""
    scenario = octoplan.load("octopus")
    launched = octoplan.draw_raids(scenario, COMPARED, SEED).launched.values
    owner = scenario.compile().template.threats["package"]
    parts = [launched[:, :, owner == package] for package in range(owner.max() + 1)]
    mean = np.stack([part.sum((2, 3)) for part in parts], -1).astype(float)
    mix = np.stack([part.sum((0, 1, 3)) / part.sum() for part in parts])
    shares = np.stack([part.sum((0, 1, 2)) / part.sum() for part in parts])
    shares = shares[:, shares.all(0)]
    rng = np.random.default_rng(SEED)
    octoplan_seconds = fastest(lambda: octoplan.draw_raids(scenario, COMPARED, SEED), 5) / COMPARED
    numpy_seconds = (
        fastest(lambda: [numpy_raids(rng, mean_of_future, mix, shares) for mean_of_future in mean], 5) / COMPARED
    )
    return octoplan_seconds, numpy_seconds, launched.sum() / COMPARED


def measure() -> list[Row]:
    """The time of the draw on up to two cores in a separate process, then the comparison with numpy."""
    threads = min(2, len(cores()))
    with limit_cores(threads):
        printed = run_process(sys.executable, "-m", "bench.draw", str(FUTURES), str(threads)).printed
    wall, cpu = (float(word) for word in printed.split())
    with limit_cores(1):
        octoplan_seconds, numpy_seconds, threats = against_numpy()
    ratio = octoplan_seconds / numpy_seconds
    return [
        Row(f"raids of octopus, {FUTURES} futures", "under 3 s", f"{wall:.2f} s", wall < 3.0,
            f"{threads} cores; {cpu:.2f} s of one core"),
        Row("raids against numpy's multinomial", "at most 2 times", f"{ratio:.2f} times", ratio <= 2.0,
            f"{1e3 * octoplan_seconds:.2f} ms a future with its assumptions, days and {threats:.0f} threats one by one;"
            f" numpy {1e3 * numpy_seconds:.2f} ms, given the intensity of each day"),
    ]  # fmt: skip


if __name__ == "__main__":
    print(*seconds(int(sys.argv[1]), int(sys.argv[2])))
