"""The vocabulary: terms of ``words.toml`` that must not return to names or to text.

``python tests/test_words.py [PATH ...]`` lists every occurrence under the paths, or everywhere.
"""

import ast
import io
import re
import subprocess
import sys
import tokenize
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
LIST = tomllib.loads((Path(__file__).parent / "words.toml").read_text("utf-8"))
NAMES, PARTS = frozenset(LIST["names"]), frozenset(LIST["parts"])
PHRASES = [(re.compile(pattern, re.IGNORECASE), advice) for pattern, advice in LIST["phrases"].items()]

TEXT = (".md", ".html", ".csv", ".toml", ".js", ".cff", ".ipynb", ".j2")
SKIPPED = ("tests/words.toml", "tests/test_words.py", "requirements/", "CHANGELOG.md")
NAMES_IN_JAVASCRIPT = re.compile(r"\b(?:const|let|var|function|class)\s+([A-Za-z_$][\w$]*)")
PARTS_OF_NAME = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


class Finding(NamedTuple):
    """A banned term in a file, and what to write instead."""

    path: str
    line: int
    term: str
    advice: str
    context: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.term!r} ({self.advice}): {self.context.strip()[:90]}"


def bound_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Lines and names of everything that a module defines: functions, classes, parameters, variables, attributes."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.lineno, node.name
            case ast.arg():
                yield node.lineno, node.arg
            case ast.Name(ctx=ast.Store()):
                yield node.lineno, node.id
            case ast.Attribute(ctx=ast.Store()):
                yield node.lineno, node.attr
            case ast.ExceptHandler(name=str() as name):
                yield node.lineno, name
            case ast.alias(asname=str() as name):
                yield node.lineno, name


def name_findings(
    path: str, names: Iterator[tuple[int, str]], lines: list[str], fillers: frozenset[str] = NAMES
) -> Iterator[Finding]:
    """Names that say nothing or contain a banned word."""
    for line, name in names:
        parts = {part.lower() for part in PARTS_OF_NAME.findall(name)}
        if name.strip("_") in fillers:
            yield Finding(path, line, name, "a name that says nothing", lines[line - 1])
        elif banned := parts & PARTS:
            yield Finding(path, line, name, f"contains {', '.join(sorted(banned))}", lines[line - 1])


def python_text(source: str) -> Iterator[tuple[int, str]]:
    """Lines of the string literals and comments of a module, except strings that are a single word."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in {tokenize.STRING, tokenize.COMMENT} and re.search(r"\s", token.string.strip("#\"' ")):
            for offset, line in enumerate(token.string.splitlines()):
                yield token.start[0] + offset, line


def keys(source: str) -> Iterator[tuple[int, str]]:
    """Lines and contents of string literals that are a single word: keys, columns, labels."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.STRING and re.fullmatch(r"[\"'][A-Za-z][\w-]*[\"']", token.string):
            yield token.start[0], token.string[1:-1]


def text_findings(path: str, text: Iterator[tuple[int, str]]) -> Iterator[Finding]:
    """Phrases that are banned from text."""
    for number, line in text:
        for pattern, advice in PHRASES:
            if match := pattern.search(line):
                yield Finding(path, number, match[0], advice, line)


def excepted(finding: Finding) -> bool:
    """Whether the list of exceptions names the line."""
    return any(
        fnmatch(finding.path, entry["path"]) and entry["text"] in finding.context for entry in LIST["exceptions"]
    )


def findings(path: str) -> list[Finding]:
    """Banned terms of a file of the repository."""
    source = (ROOT / path).read_text("utf-8")
    lines = source.splitlines()
    if path.endswith(".py"):
        reported = [
            *name_findings(path, bound_names(ast.parse(source)), lines),
            *name_findings(path, keys(source), lines, frozenset()),
            *text_findings(path, python_text(source)),
        ]
    else:
        reported = list(text_findings(path, iter(enumerate(lines, 1))))
        if path.endswith(".js"):
            names = ((n, name) for n, line in enumerate(lines, 1) for name in NAMES_IN_JAVASCRIPT.findall(line))
            reported += name_findings(path, names, lines)
    return sorted(
        {finding for finding in reported if not excepted(finding)}, key=lambda finding: (finding.line, finding.term)
    )


def files(*within: str) -> list[str]:
    """Tracked files that hold names or text, under the paths if any are given."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return [
        path
        for path in listed
        if path.endswith((".py", "Makefile", *TEXT))
        and not path.startswith(SKIPPED)
        and (ROOT / path).exists()
        and (not within or any(path == prefix or path.startswith(f"{prefix.rstrip('/')}/") for prefix in within))
    ]


@pytest.mark.parametrize("room", LIST["enforced"])
def test_no_banned_term(room: str) -> None:
    """The names and the text of a room hold no banned term."""
    paths = files(room)
    assert paths
    assert [str(finding) for path in paths for finding in findings(path)] == []


def test_a_banned_term_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Banned names and phrases are reported with their line; words inside other words are not."""
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    source = '"""Fly it through the worlds."""\n\ndef rivals(found):\n    foundation = found  # by sheer luck\n'
    (tmp_path / "module.py").write_text(source)
    assert [(finding.line, finding.term) for finding in findings("module.py")] == [
        (1, "Fly"), (1, "worlds"), (3, "found"), (3, "rivals"), (4, "luck"),
    ]  # fmt: skip


if __name__ == "__main__":
    total = 0
    for path in files(*(str(Path(argument).resolve().relative_to(ROOT)) for argument in sys.argv[1:])):
        for finding in findings(path):
            total += 1
            sys.stdout.write(f"{finding}\n")
    sys.stdout.write(f"{total} left\n")
