"""The project around the model: locks, installation, version, licences, and generated pages."""

import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.docs.scripts import docs_script

ROOT = Path(__file__).parents[1]
LOCKS = ("run.txt", "dev.txt")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def locked(lock: str) -> dict[str, list[str]]:
    """The lines that follow each pinned requirement of a lock, without comments."""
    hashes: dict[str, list[str]] = {}
    for line in (ROOT / "requirements" / lock).read_text("utf-8").splitlines():
        if re.match(r"[a-z0-9]", line):
            hashes[line.removesuffix(" \\")] = []
        elif not line.lstrip().startswith("#"):
            hashes[list(hashes)[-1]].append(line.strip())
    return hashes


def runtime() -> set[str]:
    """The names of all distributions that an installation without extras requires."""
    names: set[str] = set()
    waiting = list(PROJECT["dependencies"])
    while waiting:
        requirement = Requirement(waiting.pop())
        if requirement.name.lower().replace("_", "-") in names or (
            requirement.marker and not requirement.marker.evaluate({"extra": ""})
        ):
            continue
        names.add(requirement.name.lower().replace("_", "-"))
        waiting += metadata.requires(requirement.name) or []
    return names


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_requirement_is_pinned_and_hashed(lock: str) -> None:
    """A lock states one exact version of each distribution, followed only by hashes."""
    requirements = locked(lock)
    assert len(requirements) > len(PROJECT["dependencies"])
    for requirement, hashes in requirements.items():
        assert re.fullmatch(r"[a-z0-9.-]+==[a-z0-9.]+", requirement), requirement
        assert hashes, f"{requirement} has no hash"
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}( \\)?", line) for line in hashes), requirement


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_names_no_index(lock: str) -> None:
    """A lock states what to install, not from where."""
    text = (ROOT / "requirements" / lock).read_text("utf-8")
    assert re.findall(r"https?:|file:|index-url|find-links|trusted-host|^-", text, re.IGNORECASE | re.MULTILINE) == []


def test_locks_agree() -> None:
    """The lock for tests contains the runtime lock with the same versions."""
    assert locked("run.txt").items() <= locked("dev.txt").items()


def test_runtime_lock_is_complete_and_has_no_extras() -> None:
    """The runtime lock holds every runtime dependency, without those of the cluster."""
    names = {requirement.split("==")[0] for requirement in locked("run.txt")}
    assert runtime() - names == set()
    assert "distributed" not in names


def test_ci_runs_the_readmes_test_command() -> None:
    """CI runs the test command of the README, and nothing after it can hide a failure."""
    commands = [
        line
        for line in (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
        if line and not line.startswith(("#", "set -euo pipefail", "cd "))
    ]
    assert commands == ["make test"]
    assert re.search(r"^make test\b", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)


def test_versions_agree() -> None:
    """The project, the installed package and the citation have the same version."""
    citation = re.search(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text("utf-8"), re.MULTILINE)
    assert citation is not None
    assert PROJECT["version"] == metadata.version("octoplan")
    assert PROJECT["version"] == citation[1]


def test_version_is_in_the_changelog() -> None:
    """The changelog has an entry for the version."""
    assert f"## {PROJECT['version']}" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_no_runtime_dependency_is_under_the_gpl() -> None:
    """No runtime dependency has a copyleft licence."""
    names = runtime()
    assert "numpy" in names
    for name in sorted(names):
        fields = metadata.metadata(name)
        stated = [(fields.get_all(field) or [""])[0][:80] for field in ("License-Expression", "License")]
        licence = "; ".join([*stated, *(c for c in fields.get_all("Classifier") or [] if c.startswith("License"))])
        assert licence.strip("; "), f"{name} states no licence"
        assert "GPL" not in licence, f"{name}: {licence}"
        assert "General Public" not in licence, f"{name}: {licence}"


def test_help_answers() -> None:
    """The installed command lists its subcommands."""
    answer = subprocess.run(
        [Path(sys.executable).with_name("octoplan"), "--help"], capture_output=True, text=True, check=True, timeout=60
    )
    for command in ("new", "check", "run", "compare"):
        assert re.search(rf"\b{command}\b", answer.stdout), command


def test_types_are_announced() -> None:
    """The package is marked as typed."""
    assert (ROOT / "src" / "octoplan" / "py.typed").is_file()


def test_reference_is_up_to_date() -> None:
    """The tables of the reference agree with the code; `make docs` updates them."""
    generate = docs_script("generate")
    pages = generate.pages()
    assert len(pages) == 5
    for path, text in pages.items():
        assert path.read_text("utf-8") == text, f"{path.name} is out of date: run 'make docs'"


@pytest.mark.parametrize("page", ["README.md", *(str(p.relative_to(ROOT)) for p in (ROOT / "docs").rglob("*.md"))])
def test_links_between_pages_lead_somewhere(page: str) -> None:
    """Every relative link in the documentation points to a file that exists."""
    at = ROOT / page
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", at.read_text("utf-8")):
        assert (at.parent / target).exists(), f"{page} links to {target}"
