"""The scripts of the page and of the reports: their types, the rules of eslint, and their unit tests under node."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
NODE, NPM = shutil.which("node"), shutil.which("npm")
MIN_NODE = (20, 19)
"""First version of node that reads a script as a module because it has imports or exports."""


def missing(check: str) -> str:
    """Reason why a check cannot be run on this machine; empty if it can."""
    if NODE is None or NPM is None:
        return "node and npm are not installed: apt-get install nodejs npm"
    version = subprocess.run([NODE, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if tuple(map(int, version.lstrip("v").split(".")[:2])) < MIN_NODE:
        return f"node is {version}; the scripts need {'.'.join(map(str, MIN_NODE))} or newer"
    if check != "unit" and not (FOLDER / "node_modules" / ".package-lock.json").exists():
        return "typescript and eslint are not installed: npm ci --prefix tests/scripts"
    return ""


@pytest.mark.parametrize("check", ["types", "lint", "unit"])
def test_scripts(check: str) -> None:
    """Every script passes the strict types of TypeScript and the recommended rules, and the unit tests pass."""
    if reason := missing(check):
        pytest.skip(reason)
    done = subprocess.run(
        ["npm", "run", "--silent", check], cwd=FOLDER, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_tools_of_the_scripts_are_pinned_and_from_no_fixed_address() -> None:
    """Every package in the lock file has a version and a digest, and none an address; the wheel holds no tool."""
    lock = json.loads((FOLDER / "package-lock.json").read_text("utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages
    assert [name for name, entry in packages.items() if "version" not in entry or "integrity" not in entry] == []
    assert "http" not in json.dumps([{**entry, "funding": None} for entry in packages.values()])
    assert list((ROOT / "src").rglob("package.json")) == list((ROOT / "src").rglob("*.test.js")) == []
