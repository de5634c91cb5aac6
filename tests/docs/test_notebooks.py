"""The notebooks of the documentation run from the first cell to the last, and are stored without outputs."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"
NOTEBOOKS = sorted((DOCS / "notebooks").glob("*.ipynb"))


def cells(notebook: Path, kind: str) -> list[dict[str, Any]]:
    """The cells of one kind of a notebook."""
    content = json.loads(notebook.read_text("utf-8"))
    return [cell for cell in content["cells"] if cell["cell_type"] == kind]


def run_cell(code: str, variables: dict[str, Any]) -> object:
    """Run the code of a cell; the value of an expression in its last line, which a notebook displays, or None."""
    tree = ast.parse(code)
    last = tree.body[-1]
    if not isinstance(last, ast.Expr):
        exec(compile(tree, "<cell>", "exec"), variables)
        return None
    exec(compile(ast.Module(tree.body[:-1], []), "<cell>", "exec"), variables)
    return eval(compile(ast.Expression(last.value), "<cell>", "eval"), variables)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_cells_of_a_notebook_run(notebook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cells run in order in one namespace, and what they display can be displayed."""
    monkeypatch.chdir(tmp_path)
    variables: dict[str, Any] = {"__name__": "__main__"}
    displayed = []
    for cell in cells(notebook, "code"):
        value = run_cell("".join(cell["source"]), variables)
        if value is not None:
            displayed.append(value._repr_html_() if hasattr(value, "_repr_html_") else repr(value))
    assert len(displayed) >= 5
    assert any("octoplan" in text for text in displayed), "no result of octoplan is displayed"


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_without_outputs(notebook: Path) -> None:
    """A notebook is valid, begins with a title, and has no outputs and no counts of executions."""
    content = json.loads(notebook.read_text("utf-8"))
    assert (content["nbformat"], content["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in content["cells"]}) == len(content["cells"])
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells(notebook, "code"))
    assert content["cells"][0]["source"][0].startswith("# ")


def test_the_notebooks_are_linked() -> None:
    """The index and the overview of the documentation link every notebook."""
    assert len(NOTEBOOKS) == 3
    for page in ("index.md", "README.md"):
        text = (DOCS / page).read_text("utf-8")
        assert all(f"(notebooks/{notebook.name})" in text for notebook in NOTEBOOKS), page
