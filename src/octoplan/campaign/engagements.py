"""Engagement times and results of sorties, drawn one by one or for many threats in one pass.

The numbers of an engagement depend only on the threat and on how often it has been engaged, not on when that is. They
can therefore be drawn before the queue is simulated, where random words and arithmetic are pipelined and vectorised.
"""

from typing import NamedTuple

import numpy as np

from octoplan.campaign.arithmetic import log, normal_quantile
from octoplan.campaign.compiled import inlined, kernel, leaf
from octoplan.campaign.streams import SHOTS, Key, Moment, Word, duration, key_of, random_words, to_uniform
from octoplan.scenario.arrays import Floats, Ints, Words

HIT, CONTACT, RECOVERED, EXPENDED = range(4)
"""Results of a sortie: contact with a kill, contact without a kill, no contact and unit recovered, no contact and unit
expended."""

AHEAD = 4
"""Engagements of a threat that are drawn ahead and kept; later ones, if a class allows more, are drawn again."""


LANES = 8
"""Numbers that are computed together on processors with 512-bit vectors."""


class Engagements(NamedTuple):
    """Engagements of the crossings of a night that have been drawn, and working arrays for drawing them.

    draws
        (crossings,) number of engagements of each crossing that have been drawn, at most ``AHEAD``.
    minutes, result
        ((AHEAD + 1) * crossings,) engagement time, and random word of the first sortie, of engagement e of crossing c
        in row ``e * crossings + c``; the last ``crossings`` rows are for engagements that are not kept.
    undrawn
        (crossings,) threats whose engagement is being drawn.
    first, second, third, time
        (crossings + LANES,) random words and engagement times of the threats in ``undrawn``.
    """

    draws: Ints
    minutes: Floats
    result: Words
    undrawn: Ints
    first: Words
    second: Words
    third: Words
    time: Floats


@kernel
def empty_engagements(size: int) -> Engagements:
    """Return working arrays for ``size`` crossings, none of whose engagements have been drawn."""
    rows, working = (AHEAD + 1) * size, size + LANES
    ints, floats, random_numbers = (
        np.empty(2 * size, np.int64),
        np.empty(rows + working),
        np.empty(rows + 3 * working, np.uint64),
    )
    ints[:size] = 0
    return Engagements(
        ints[:size],
        floats[:rows],
        random_numbers[:rows],
        ints[size:],
        random_numbers[rows : rows + working],
        random_numbers[rows + working : rows + 2 * working],
        random_numbers[rows + 2 * working :],
        floats[rows:],
    )


@leaf
def engagement_time(
    key: Key, future: int, day: int, number: int, attempt: int, mean: float, cv: float
) -> tuple[float, Word]:
    """Draw a gamma-distributed engagement time in minutes, and the random word that decides the first sortie.

    The first trial of the rejection sampler (Marsaglia and Tsang 2000) uses three words of a random block, the sortie
    the fourth. Further trials, which are rare, use the blocks at index ``number`` + 2^40.
    """
    w0, w1, _, result = random_words(key, future, day, number, attempt)
    if cv == 1.0:
        return -mean * log(to_uniform(w0)), result
    if cv <= 0.0:
        return mean, result
    shape = 1.0 / (cv * cv)
    if shape >= 1.0:
        d = shape - 1.0 / 3.0
        x = normal_quantile(to_uniform(w0))
        v = 1.0 + x / np.sqrt(9.0 * d)
        if v > 0.0:
            v = v * v * v
            u = to_uniform(w1)
            if u < 1.0 - 0.0331 * x * x * x * x or log(u) < 0.5 * x * x + d * (1.0 - v + log(v)):
                return mean / shape * d * v, result
    return duration(key, future, day, number + (1 << 40), mean, cv, attempt), result


@inlined
def gamma_trial(w0: Word, w1: Word, d: float, root: float) -> float:
    """Perform one trial of the gamma rejection sampler up to the factor d = shape - 1/3, with ``root`` = sqrt(9 d).

    Returns -1 if it is rejected. Both tests are always computed, without branches, so that loops are vectorised.
    """
    x = normal_quantile(to_uniform(w0))
    v = 1.0 + x / root
    positive = v > 0.0
    v = v * v * v
    u = to_uniform(w1)
    accepted = (u < 1.0 - 0.0331 * x * x * x * x) | (log(u) < 0.5 * x * x + d * (1.0 - v + log(v)))
    return v if positive & accepted else -1.0


@leaf
def unit_times(first: Words, second: Words, count: int, cv: float, time: Floats) -> tuple[float, float]:
    """Draw ``count`` engagement times up to a factor, into ``time``, from two random words each.

    The loops are vectorised, and run to the next multiple of ``LANES`` because a remainder would be slow. ``time`` is
    negative where the first trial of the rejection sampler fails; then ``engagement_time`` must be called.

    Returns shape s and d, so that minutes are mean / s * d * ``time``.
    """
    if cv == 1.0:
        for j in range((count + LANES - 1) & -LANES):
            time[j] = -log(to_uniform(first[j]))
        return 1.0, 1.0
    if cv <= 0.0:
        for j in range((count + LANES - 1) & -LANES):
            time[j] = 1.0
        return 1.0, 1.0
    shape = 1.0 / (cv * cv)
    if shape < 1.0:
        for j in range((count + LANES - 1) & -LANES):
            time[j] = -1.0
        return 1.0, 1.0
    d = shape - 1.0 / 3.0
    root = np.sqrt(9.0 * d)
    for j in range((count + LANES - 1) & -LANES):
        time[j] = gamma_trial(first[j], second[j], d, root)
    return shape, d


@leaf
def draw_engagements(
    engagements: Engagements, count: int, shot: int, source: Ints, number: Ints, classes: Ints, crossing: Ints,
    mean: Floats, cv: Floats, moment: Moment,
) -> None:  # fmt: skip
    """Draw engagement ``shot`` of the first ``count`` threats in ``undrawn``: times, and words of the first sorties.

    source, number, classes, crossing
        (threats,) stream row, index, class and crossing of the threats.
    mean, cv
        (classes,) mean and coefficient of variation of the engagement time.
    """
    undrawn, first, second, third = engagements.undrawn, engagements.first, engagements.second, engagements.third
    draws, minutes, result, time = engagements.draws, engagements.minutes, engagements.result, engagements.time
    future, day, attempt = moment.future, moment.day, 64 * shot
    row = min(shot, AHEAD) * draws.shape[0]
    same = True
    common = cv[classes[undrawn[0]]]
    for j in range(count):
        i = undrawn[j]
        first[j], second[j], _, third[j] = random_words(
            key_of(moment.keys, SHOTS, source[i]), future, day, number[i], attempt
        )
        same &= cv[classes[i]] == common
    shape, d = unit_times(first, second, count, common if same else np.inf, time)
    for j in range(count):
        i = undrawn[j]
        k, c = classes[i], crossing[i]
        if time[j] >= 0.0:
            minutes[row + c] = mean[k] / shape * d * time[j]
        else:
            key = key_of(moment.keys, SHOTS, source[i])
            minutes[row + c] = engagement_time(key, future, day, number[i], attempt, mean[k], cv[k])[0]
        result[row + c] = third[j]
        draws[c] = min(shot + 1, AHEAD)
