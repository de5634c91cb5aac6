"""Functions of independent uniform inputs whose Sobol' indices are known exactly."""

import numpy as np

from octoplan.scenario.arrays import Floats

ISHIGAMI_FIRST = np.array([0.31390519, 0.44241114, 0.0])
"""Exact for a = 7, b = 0.1 (Ishigami and Homma 1990)."""
ISHIGAMI_TOTAL = np.array([0.55758886, 0.44241114, 0.24368366])
G_COEFFICIENTS = np.array([0.0, 1.0, 4.5, 9.0, 99.0, 99.0, 99.0, 99.0])


def ishigami(uniforms: Floats) -> Floats:
    """(n,) Ishigami function with a = 7, b = 0.1, of (n, 3) uniform inputs in (0, 1)."""
    x = np.pi * (2.0 * uniforms - 1.0)
    values: Floats = np.sin(x[:, 0]) * (1.0 + 0.1 * x[:, 2] ** 4) + 7.0 * np.sin(x[:, 1]) ** 2
    return values


def g_function(uniforms: Floats) -> Floats:
    """(n,) Sobol' G function of (n, 8) uniform inputs: the product of (|4 u - 2| + a) / (1 + a)."""
    values: Floats = np.prod((np.abs(4.0 * uniforms - 2.0) + G_COEFFICIENTS) / (1.0 + G_COEFFICIENTS), axis=1)
    return values


def g_indices() -> tuple[Floats, Floats]:
    """Exact first-order and total indices of the G function: partial variances are 1 / (3 (1 + a)^2)."""
    partial = 1.0 / (3.0 * (1.0 + G_COEFFICIENTS) ** 2)
    variance = np.prod(1.0 + partial) - 1.0
    return partial / variance, partial * np.prod(1.0 + partial) / (1.0 + partial) / variance
