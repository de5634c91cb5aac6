"""Raids drawn alone: 1,000 futures of the shipped scenario against numpy drawing the same kind of counts.

``python -m bench.draw FUTURES THREADS`` prints the seconds that drawing takes once all is compiled.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter, process_time

import numpy as np

import octoplan
from bench.octopus import FUTURES
from bench.report import Row, best, cores, only, ran
from octoplan.scenario.arrays import Floats, Ints

SEED, RIVALS, CONCENTRATION = 1, 20, 20.0
"""Seed of the draws, futures of which the two are compared, and the rival's concentration of the shares."""


def seconds(futures: int, threads: int) -> tuple[float, float]:
    """Wall and processor seconds of one draw, its assumptions included, in this process; compiled before."""
    scenario = octoplan.load("octopus")
    with ThreadPoolExecutor(threads) as executor:
        octoplan.draw_raids(scenario, 2, SEED)
        begun, busy = perf_counter(), process_time()
        octoplan.draw_raids(scenario, futures, SEED, executor=executor)
        return perf_counter() - begun, process_time() - busy


def numpy_raids(rng: np.random.Generator, mean: Floats, mix: Floats, shares: Floats) -> list[Ints]:
    """Threats of one future, (days, threats, regions) a package: Poisson, Dirichlet and multinomial, all days at once.

    mean
        (days, packages) expected counts, given: neither regime nor level nor shock is drawn.
    mix, shares
        (packages, threats), (packages, regions) shares.
    """
    found = []
    for package, expected in enumerate(mean.T):
        counts = rng.poisson(expected)
        counts = counts[counts > 0]
        destinations = rng.dirichlet(CONCENTRATION * shares[package], size=len(counts))
        found.append(rng.multinomial(rng.multinomial(counts, mix[package]), destinations[:, None]))
    return found


def rival() -> tuple[float, float, float]:
    """Processor seconds of one future here, and in numpy given the counts and shares that came out; its threats."""
    scenario = octoplan.load("octopus")
    drawn = octoplan.draw_raids(scenario, RIVALS, SEED).launched.values
    owner = scenario.compile().template.threats["package"]
    parts = [drawn[:, :, owner == package] for package in range(owner.max() + 1)]
    mean = np.stack([part.sum((2, 3)) for part in parts], -1).astype(float)
    mix = np.stack([part.sum((0, 1, 3)) / part.sum() for part in parts])
    shares = np.stack([part.sum((0, 1, 2)) / part.sum() for part in parts])
    shares = shares[:, shares.all(0)]
    rng = np.random.default_rng(SEED)
    ours = best(lambda: octoplan.draw_raids(scenario, RIVALS, SEED), 5) / RIVALS
    theirs = best(lambda: [numpy_raids(rng, each, mix, shares) for each in mean], 5) / RIVALS
    return ours, theirs, drawn.sum() / RIVALS


def measure() -> list[Row]:
    """The draw's seconds on as many cores as there are, two at most, in a process of its own; then its rival."""
    threads = min(2, len(cores()))
    with only(threads):
        printed = ran(sys.executable, "-m", "bench.draw", str(FUTURES), str(threads)).printed
    wall, busy = (float(word) for word in printed.split())
    with only(1):
        ours, theirs, threats = rival()
    return [
        Row(f"raids of octopus, {FUTURES} futures", "under 3 s", f"{wall:.2f} s", wall < 3.0,
            f"{threads} cores; {busy:.2f} s of one core"),
        Row("raids against numpy's multinomial", "at most 2 times", f"{ours / theirs:.2f} times", ours <= 2.0 * theirs,
            f"{1e3 * ours:.2f} ms a future with its assumptions, days and {threats:.0f} threats one by one;"
            f" numpy {1e3 * theirs:.2f} ms, given the intensity of each day"),
    ]  # fmt: skip


if __name__ == "__main__":
    print(*seconds(int(sys.argv[1]), int(sys.argv[2])))
