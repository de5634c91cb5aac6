"""Processes that call entries of a module of kernels, and report what they compiled."""

import os
import subprocess
import sys
from pathlib import Path

CALL_ENTRIES = """
import json, logging, sys
from octoplan.campaign import compiled, separate
import numpy as np

compilations = []
class Count(logging.Handler):
    def emit(self, record):
        compilations.append(record.getMessage())
compiled.LOGGER.addHandler(Count())
compiled.LOGGER.setLevel(logging.INFO)
folder, statement, *entries = sys.argv[1:]
sys.path.insert(0, folder)
exec(statement)
import kernels
print(json.dumps([[getattr(kernels, name)(np.arange(4.0)) for name in entries], compilations]))
"""
"""Calls entries of a module, after a statement, and prints their values and the compilations of this process."""


def start_process(
    folder: Path, cache: Path, kernels: str, *entries: str, statement: str = ""
) -> "subprocess.Popen[str]":
    """Start a process that calls entries of a module, which is written to a folder, after a statement."""
    (folder / "kernels.py").write_text(kernels)
    environment = os.environ | {"NUMBA_CACHE_DIR": str(cache)}
    command = [sys.executable, "-c", CALL_ENTRIES, str(folder), statement, *entries]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
