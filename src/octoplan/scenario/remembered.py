"""Memory of parts of a scenario that were read before, so that a changed scenario is read only where it differs."""

from collections.abc import Callable, Hashable
from functools import wraps
from threading import Lock
from typing import Concatenate, ParamSpec, TypeVar

from octoplan.errors import Problem
from octoplan.scenario.report import Report

P = ParamSpec("P")
T = TypeVar("T")


def remembered(size: int) -> Callable[[Callable[Concatenate[Report, P], T]], Callable[Concatenate[Report, P], T]]:
    """Decorate a function so that its latest ``size`` results are kept, with the problems and warnings it reports.

    The function must depend on its arguments only, which must be hashable; its results must not be modified. The first
    argument is the report to which problems and warnings are added; only its folder is part of the key.
    """

    def decorate(function: Callable[Concatenate[Report, P], T]) -> Callable[Concatenate[Report, P], T]:
        results: dict[Hashable, tuple[T, list[Problem], list[Problem]]] = {}
        lock = Lock()

        def call(report: Report, /, *args: P.args, **kwargs: P.kwargs) -> T:
            key = (report.folder, *args, *kwargs.items())
            entry = results.get(key)
            if entry is None:
                part = Report(report.folder)
                entry = function(part, *args, **kwargs), part.problems, part.warnings
                with lock:
                    results[key] = entry
                    while len(results) > size:
                        del results[next(iter(results))]
            result, problems, warnings = entry
            report.problems += problems
            report.warnings += warnings
            return result

        return wraps(function)(call)

    return decorate
