"""The scenarios that are part of the package, and the folder of a scenario by its name or path."""

from importlib import resources
from pathlib import Path

from octoplan.errors import Problem, ScenarioError
from octoplan.scenario.files import PROGRAMME
from octoplan.scenario.report import did_you_mean


def builtin_scenarios() -> tuple[str, ...]:
    """Names of the scenarios that are part of the package."""
    root = _builtin_root()
    return tuple(sorted(path.name for path in root.iterdir() if (path / PROGRAMME).is_file())) if root.is_dir() else ()


def _builtin_root() -> Path:
    return Path(str(resources.files("octoplan"))) / "scenarios"


def builtin_folder(name: str) -> Path:
    """The folder of a built-in scenario. Raises ``ScenarioError`` if the name is unknown."""
    if name not in builtin_scenarios():
        raise ScenarioError(
            [Problem(name, 0, f"is not a built-in scenario; {did_you_mean(name, builtin_scenarios())}")]
        )
    return _builtin_root() / name


def find_folder(name: str | Path) -> tuple[Path, str]:
    """The folder of a scenario, and its name in messages. A directory has precedence over a built-in scenario.

    Raises:
        ScenarioError: If there is neither a directory nor a built-in scenario of this name.

    """
    path = Path(name)
    if path.is_dir():
        return path, str(path)
    if path.exists():
        expected = "expected the folder that contains programme.toml, or a workbook with the ending .xlsx"
        raise ScenarioError([Problem(str(path), 0, f"is a file; {expected}")])
    if isinstance(name, str) and name in builtin_scenarios():
        return _builtin_root() / name, name
    close = did_you_mean(str(name), builtin_scenarios())
    suggestion = f"{close} " if close.startswith("did") else ""
    names = ", ".join(builtin_scenarios()) or "none"
    message = f"there is no such folder or workbook; {suggestion}the built-in scenarios are {names}"
    raise ScenarioError([Problem(str(path), 0, message)])
