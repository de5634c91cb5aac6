"""Tasks on any executor: results as they come, and nothing left behind."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, as_completed
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


@contextmanager
def results(submit: Callable[[T], Future[R]], tasks: Iterable[T]) -> Iterator[Iterator[tuple[T, R]]]:
    """Submit every task; gives each with its result as it ends. Those not begun are cancelled on leaving the block."""
    pending: dict[Future[R], T] = {}
    try:
        for task in tasks:
            pending[submit(task)] = task
        yield ((pending.pop(done), done.result()) for done in as_completed(list(pending)))
    finally:
        for left in pending:
            left.cancel()
