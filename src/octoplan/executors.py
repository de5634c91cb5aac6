"""Executors that run simulations, on threads or on a cluster."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from typing import Any, TypeVar

from octoplan.errors import ClusterError, RunError

T = TypeVar("T")
R = TypeVar("R")


def cores() -> int:
    """Number of CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def run_tasks(submit: Callable[[T], Future[R]], tasks: Iterable[T]) -> Iterator[Iterator[tuple[T, R]]]:
    """Submit tasks, and yield an iterator over pairs of task and result in the order of completion.

    Tasks that have not started are cancelled at the end of the context.
    """
    pending: dict[Future[R], T] = {}
    try:
        for task in tasks:
            pending[submit(task)] = task
        yield ((pending.pop(future), future.result()) for future in as_completed(list(pending)))
    finally:
        for future in pending:
            future.cancel()


@contextmanager
def executor(threads: int | None = None, cluster: str | None = None) -> Iterator[Executor]:
    """An executor of threads in this process, or of the workers of a dask.distributed cluster.

    Args:
        threads: Number of threads; one per core by default.
        cluster: Address of a dask.distributed scheduler; its workers are used instead of threads.

    Raises:
        RunError: No scheduler answers at the address, or dask.distributed is not installed.
        ClusterError: The cluster lost its workers.

    """
    with thread_pool(threads) if cluster is None else cluster_executor(cluster) as workers:
        yield workers


@contextmanager
def thread_pool(threads: int | None = None) -> Iterator[ThreadPoolExecutor]:
    """A pool of threads, one per core by default; tasks that have not started are cancelled at the end."""
    pool = ThreadPoolExecutor(threads or cores())
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


class ClusterExecutor(Executor):
    """An executor of the workers of a dask.distributed client.

    A task whose result is lost with its worker is computed again. The executor of the client itself
    (``client.get_executor()``) can raise a ``TypeError`` in this case, because it reads the result and the state of a
    task at different times.

    Args:
        client: A ``distributed.Client``.

    """

    def __init__(self, client: Any) -> None:
        self.client = client

    def submit(self, fn: Callable[..., R], /, *args: Any, **kwargs: Any) -> Future[R]:
        task = self.client.submit(fn, *args, **kwargs)
        future: Future[R] = Future()
        future.add_done_callback(lambda done: task.cancel() if done.cancelled() else None)
        task.add_done_callback(lambda _: settle(task, future))
        return future


def settle(task: Any, future: Future[R]) -> None:
    """Give a future the result or the error of its dask task."""
    try:
        result = task.result()
    except CancelledError:
        future.cancel()
        future.set_running_or_notify_cancel()
    except BaseException as error:  # noqa: BLE001 any error of the task is an error of the future
        if future.set_running_or_notify_cancel():
            future.set_exception(error)
    else:
        if future.set_running_or_notify_cancel():
            future.set_result(result)


@contextmanager
def cluster_executor(address: str) -> Iterator[Executor]:
    """An executor of the workers of the cluster with this scheduler address."""
    try:
        from distributed import Client, KilledWorker
    except ImportError as error:
        raise RunError("--cluster needs dask.distributed: pip install 'octoplan[cluster]'") from error
    try:
        client: Any = Client(address, timeout="15s", set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TimeoutError) as error:
        raise RunError(f"--cluster {address}: no scheduler answers at this address ({error})") from error
    with client:
        try:
            yield ClusterExecutor(client)
        except (KilledWorker, CancelledError) as error:
            raise ClusterError(f"the cluster at {address} lost its workers ({error})") from error
