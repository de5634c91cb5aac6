"""Seconds to the precision of 1,000 futures with independent assumptions, ``octopus`` with its counterfactual."""

from concurrent.futures import ThreadPoolExecutor
from time import process_time

import numpy as np

import octoplan
from bench.report import Measurement, cores
from octoplan.outcomes.intervals import design_effect, quantile_rank
from octoplan.outcomes.measures import measures
from octoplan.outcomes.sampling import block_of

FUTURES, INDEPENDENT_FUTURES = 512, 1000


def measure() -> list[Measurement]:
    """Design effects of the key results of one run, and the processor time of its futures, divided by the threads.

    A sample with design effect d has the standard error of 1,000 independent futures after 1,000 d futures.
    """
    scenario = octoplan.load("octopus")
    octoplan.simulate(scenario, 2, seed=2)
    threads = min(2, len(cores()))
    with ThreadPoolExecutor(threads) as executor:
        start = process_time()
        run = octoplan.simulate(scenario, FUTURES, seed=1, executor=executor)
        seconds_per_future = (process_time() - start) / threads / FUTURES
    blocks = block_of(np.arange(FUTURES))
    effects: dict[str, list[float]] = {"mean": [], "P50": []}
    for result in measures(run):
        if result.form != "amount" or not np.isfinite(result.values).all() or np.ptp(result.values) == 0.0:
            continue
        median = np.sort(result.values)[quantile_rank(FUTURES, 0.5) - 1]
        effects["mean"].append(design_effect(result.values, blocks))
        effects["P50"].append(design_effect((result.values <= median) * 1.0, blocks))
    rows = []
    for name, effect in effects.items():
        for kind, target, value in (("median", 15.0, np.median(effect)), ("largest", 40.0, np.max(effect))):
            seconds = INDEPENDENT_FUTURES * float(value) * seconds_per_future
            note = (
                f"{INDEPENDENT_FUTURES * float(value):.0f} futures of {1e3 * seconds_per_future:.1f} ms; {kind} over "
                f"{len(effect)} key results"
            )
            rows.append(
                Measurement(
                    f"precision of 1,000 independent futures, {name}, {kind}",
                    f"under {target:.0f} s",
                    f"{seconds:.1f} s",
                    seconds < target,
                    note,
                )
            )
    return rows
