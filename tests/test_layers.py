"""The layers of the package: imports point down, no modules import each other in a circle, and none hide an import."""

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

SOURCE = Path(__file__).parents[1] / "src"
LAYERS = (
    ("cli",),
    ("app",),
    ("api", "calibration", "exploration"),
    ("show",),
    ("explore",),
    ("answer",),
    ("plan", "calibrate"),
    ("outcomes",),
    ("campaign", "raids"),
    ("scenario",),
    ("cards", "executors", "tables"),
    ("errors",),
)
"""From the top; a module imports only from its own room and from lower layers."""

REASON = re.compile("(more|[Ll]onger) than 50 lines")
"""How a long function states the reason of its length: ``Longer than 50 lines because ...``."""

LAZY = {"distributed", "jinja2", "openpyxl", "pandas", "plotly", "pyarrow", "scipy", "sklearn", "statsmodels", "xarray"}
"""Libraries that a function may import, because they are optional or take long to load."""


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    """All imports of the package, those inside functions included and those for type checkers alone excluded."""
    return grimp.build_graph("octoplan", exclude_type_checking_imports=True, cache_dir=None)


def room(module: str) -> str:
    """The part of the package to which a module belongs."""
    return module.split(".")[1] if "." in module else ""


def test_imports_point_down(graph: grimp.ImportGraph) -> None:
    """No module imports from a layer above its own, or from another room of its layer."""
    rank = {name: i for i, names in enumerate(LAYERS) for name in names}
    upwards = [
        f"{importer} imports {imported}"
        for importer in sorted(graph.modules)
        for imported in sorted(graph.find_modules_directly_imported_by(importer))
        if room(importer)
        and room(imported) != room(importer)
        and (not room(imported) or rank[room(imported)] <= rank[room(importer)])
    ]
    assert upwards == []


def test_no_circle_of_imports(graph: grimp.ImportGraph) -> None:
    """The modules can be ordered so that each imports only earlier ones."""
    order = TopologicalSorter({m: graph.find_modules_directly_imported_by(m) for m in graph.modules})
    try:
        order.prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(error.args[1]))


def imports_in_functions(path: Path) -> list[tuple[int, str]]:
    """Lines and modules of the imports inside functions of a file."""
    functions = [
        node
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    nodes = {node for function in functions for node in ast.walk(function)}
    imports = [(node.lineno, node.module or "") for node in nodes if isinstance(node, ast.ImportFrom)]
    imports += [(node.lineno, alias.name) for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    return sorted(imports)


def test_imports_stand_at_the_top_of_a_module() -> None:
    """A function imports only heavy libraries; commands import what they need, so that ``--help`` answers at once."""
    hidden = [
        f"{path.relative_to(SOURCE)}:{line}: {module}"
        for path in sorted((SOURCE / "octoplan").rglob("*.py"))
        if "cli" not in path.relative_to(SOURCE).parts
        for line, module in imports_in_functions(path)
        if module.split(".")[0] not in LAZY
    ]
    assert hidden == []


def test_modules_are_short() -> None:
    """A module has at most 500 lines."""
    long = {
        str(path.relative_to(SOURCE)): lines
        for path in sorted((SOURCE / "octoplan").rglob("*.py"))
        if (lines := len(path.read_text("utf-8").splitlines())) > 500
    }
    assert long == {}


def test_functions_are_short() -> None:
    """A function has at most 50 lines below its docstring, or its docstring or a comment says why it is longer."""
    long = []
    for path in sorted((SOURCE / "octoplan").rglob("*.py")):
        lines = path.read_text("utf-8").splitlines()
        for node in ast.walk(ast.parse("\n".join(lines))):
            if not isinstance(node, ast.FunctionDef) or node.end_lineno is None:
                continue
            start = node.body[0].end_lineno if ast.get_docstring(node) else node.body[0].lineno - 1
            source = "\n".join(lines[node.lineno - 1 : node.end_lineno])
            if node.end_lineno - (start or 0) > 50 and not REASON.search(source):
                long.append(f"{path.relative_to(SOURCE)}:{node.lineno}: {node.name}")
    assert long == []
