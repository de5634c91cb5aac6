"""Drawing of raids: 1,000 futures of the scenario ``octopus``, and a comparison with numpy.

``python -m bench.draw FUTURES THREADS`` prints wall and processor seconds, without the compilation of the kernels.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter, process_time

import numpy as np

import octoplan
from bench.octopus import FUTURES
from bench.report import Measurement, cores, fastest, limit_cores, run_process
from octoplan.scenario.arrays import Floats, Ints

SEED, COMPARED_FUTURES, CONCENTRATION = 1, 20, 20.0
"""Seed of the draws, number of futures in the comparison with numpy, and Dirichlet concentration used in numpy."""


def draw_seconds(futures: int, threads: int) -> tuple[float, float]:
    """Wall and processor seconds of drawing assumptions and raids in this process; the kernels are compiled first."""
    scenario = octoplan.load("octopus")
    with ThreadPoolExecutor(threads) as executor:
        octoplan.draw_raids(scenario, 2, SEED)
        start, cpu = perf_counter(), process_time()
        octoplan.draw_raids(scenario, futures, SEED, executor=executor)
        return perf_counter() - start, process_time() - cpu


def numpy_raids(rng: np.random.Generator, mean: Floats, class_shares: Floats, region_shares: Floats) -> list[Ints]:
    """Draw the raids of one future with numpy, all days at once: Poisson, Dirichlet and multinomial draws.

    Args:
        rng: Random generator.
        mean: (days, packages) expected counts, given regime, level and shock.
        class_shares: (packages, classes) shares of the threats.
        region_shares: (packages, regions) shares of the threats.

    Returns:
        Threats of each package, (days with threats, classes, regions).

    """
    raids = []
    for package, expected in enumerate(mean.T):
        counts = rng.poisson(expected)
        counts = counts[counts > 0]
        destinations = rng.dirichlet(CONCENTRATION * region_shares[package], size=len(counts))
        raids.append(rng.multinomial(rng.multinomial(counts, class_shares[package]), destinations[:, None]))
    return raids


def compare_with_numpy() -> tuple[float, float, float]:
    """Processor seconds per future in octoplan and in numpy, and threats per future; numpy gets expected counts."""
    scenario = octoplan.load("octopus")
    launched = octoplan.draw_raids(scenario, COMPARED_FUTURES, SEED).launched.values
    owner = scenario.compile().template.threats["package"]
    counts_by_package = [launched[:, :, owner == package] for package in range(owner.max() + 1)]
    mean = np.stack([part.sum((2, 3)) for part in counts_by_package], -1).astype(float)
    class_shares = np.stack([part.sum((0, 1, 3)) / part.sum() for part in counts_by_package])
    region_shares = np.stack([part.sum((0, 1, 2)) / part.sum() for part in counts_by_package])
    region_shares = region_shares[:, region_shares.all(0)]
    rng = np.random.default_rng(SEED)
    octoplan_seconds = fastest(lambda: octoplan.draw_raids(scenario, COMPARED_FUTURES, SEED), 5) / COMPARED_FUTURES
    numpy_seconds = (
        fastest(lambda: [numpy_raids(rng, future_mean, class_shares, region_shares) for future_mean in mean], 5)
        / COMPARED_FUTURES
    )
    return octoplan_seconds, numpy_seconds, launched.sum() / COMPARED_FUTURES


def measure() -> list[Measurement]:
    """Measure the time of drawing on up to two cores in a separate process, and the ratio to numpy."""
    threads = min(2, len(cores()))
    with limit_cores(threads):
        printed = run_process(sys.executable, "-m", "bench.draw", str(FUTURES), str(threads)).output
    wall, cpu = (float(word) for word in printed.split())
    with limit_cores(1):
        octoplan_seconds, numpy_seconds, threats = compare_with_numpy()
    ratio = octoplan_seconds / numpy_seconds
    return [
        Measurement(f"raids of octopus, {FUTURES} futures", "under 3 s", f"{wall:.2f} s", wall < 3.0,
            f"{threads} cores; {cpu:.2f} s of processor time"),
        Measurement("raids compared with numpy", "at most 2 times", f"{ratio:.2f} times", ratio <= 2.0,
            f"{1e3 * octoplan_seconds:.2f} ms per future, with assumptions and {threats:.0f} single threats;"
            f" numpy {1e3 * numpy_seconds:.2f} ms, given the intensity of each day"),
    ]  # fmt: skip


if __name__ == "__main__":
    print(*draw_seconds(int(sys.argv[1]), int(sys.argv[2])))
