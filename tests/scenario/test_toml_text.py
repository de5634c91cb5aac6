"""TOML files: the line of every key, limits, and edits that keep comments."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octoplan.errors import ScenarioError
from octoplan.scenario.report import Report
from octoplan.scenario.toml_text import key_lines, numerals, parse_toml, read_toml, with_values
from tests.scenario.folder import PROGRAMME

TOML = '''\
# a comment with [brackets]
title = "a # no comment"   # one
list = [
  1, # [
  "]",
]
[one]
inline = { a = 1, b = [2] }
"quoted key" = 1
dotted.key = 2
text = """
[not.a.table]
x = 1
"""
last = \'\'\'
\'\'\'
[two.three]
four = \'[\'
'''


def test_every_key_has_its_line() -> None:
    """The lines of tables, dotted keys and quoted keys are found in a text with comments, strings and lists."""
    lines = key_lines(TOML)
    assert lines == {
        ("title",): 2,
        ("list",): 3,
        ("one",): 7,
        ("one", "inline"): 8,
        ("one", "quoted key"): 9,
        ("one", "dotted"): 10,
        ("one", "dotted", "key"): 10,
        ("one", "text"): 11,
        ("one", "last"): 15,
        ("two",): 17,
        ("two", "three"): 17,
        ("two", "three", "four"): 18,
    }


def test_a_missing_key_has_the_line_of_its_table() -> None:
    """The line of a missing key is that of its table."""
    toml = read_toml("x.toml", TOML, Report("f"))
    assert toml is not None
    assert (toml.line("two", "three", "missing"), toml.line("one", "inline", "b", 0), toml.line("missing")) == (
        17,
        8,
        1,
    )


@given(st.lists(st.sampled_from(PROGRAMME.splitlines()), max_size=30))
def test_top_level_keys_are_located_in_any_order(rows: list[str]) -> None:
    """In any valid TOML text, each top-level key is located on a line that contains the key."""
    text = "\n".join(rows)
    toml = read_toml("x.toml", text, Report("f"))
    for key in toml.tree if toml else ():
        assert key in text.split("\n")[toml.line(key) - 1] if toml else True


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a = 1\nb = \n", 2, "Invalid value"),
        ("a = 1\na = 2\n", 2, "Cannot overwrite"),
        ("[a]\n[a]\n", 2, "Cannot declare"),
        ("\na.b = 1\n[" + ".".join("a" * 20) + "]", 3, "nested too deeply"),
        ("b = { " + "'a' . " * 9 + "a = 1 }", 1, "nested too deeply"),
        ("a = 1\nb = [" + "1," * 6000 + "]", 2, "the line has 12,006 characters"),
        (".".join("a" * 2_000_000) + " = 1", 1, "the line has 4,000,003 characters"),
        ("a = " + "[" * 5000, 1, "nested too deeply"),
        (".".join("a" * 2000) + " = 1", 1, "nested too deeply"),
        ("a = " + "9" * 5000, 1, "is not valid TOML"),
        ("a = 2025-13-01\n", 1, "is not valid TOML"),
        ("a = 'x", 1, "is not valid TOML"),
    ],
)
def test_invalid_toml_is_reported_with_its_line(text: str, line: int, message: str) -> None:
    """Invalid TOML, duplicate keys and deep nesting are reported, never raised."""
    report = Report("f")
    assert read_toml("x.toml", text, report) is None
    assert (line, True) == (report.problems[0].line, message in report.problems[0].message)


def test_an_edit_keeps_comments_order_and_layout() -> None:
    """An edit rewrites only values that change; lists keep their line breaks and comments."""
    text = b"""\
# the plan of March
output.works = [0, 0, 250] # as contracted
[lines] # installed
works = [
  1, # the old hall
  2,
]
[crews]
intake = 40 # each month
[doctrine]
queue = "deadline"
[doctrine.drone]
layers = ["gun"] # only
"""
    edited = with_values(
        text,
        {
            "output": {"works": [5], "yard": [7]},
            "lines": {"works": [1, 3, 4]},
            "crews": {"intake": [40, 60]},
            "doctrine": {"stock": "oldest"},
            "kits": {"order": [20]},
        },
    )
    assert (
        edited
        == """\
# the plan of March
output.works = [5] # as contracted
output.yard = [7]
[lines] # installed
works = [
  1, # the old hall
  3,
  4,
]
[crews]
intake = [40, 60] # each month
[doctrine]
queue = "deadline"
stock = "oldest"

[doctrine.drone]
layers = ["gun"] # only

[kits]
order = [20]
"""
    )


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_an_edit_drops_the_byte_order_mark_and_keeps_line_endings(ending: str) -> None:
    """The edited text of a file has no byte order mark and the line endings of the file."""
    data = b"\xef\xbb\xbf" + ending.join(["[crews]", "intake = 5", ""]).encode()
    assert with_values(data, {"crews": {"intake": 6}}) == ending.join(["[crews]", "intake = 6", ""])


COUNTS = st.lists(st.integers(0, 10**6), min_size=1, max_size=5)


@given(
    st.permutations(
        [
            "[output]\nworks = [\n 1,\n 2 ] # w\n",
            "[crews]\nintake = 4\n",
            "[orders.works]\nmotor = [1, 2]\n",
            "[plan]\n",
        ]
    ),
    st.fixed_dictionaries(
        {},
        optional={
            "output": st.dictionaries(st.sampled_from(["works", "yard", "a.b"]), COUNTS),
            "crews": st.fixed_dictionaries({"intake": COUNTS}),
            "kits": st.fixed_dictionaries({"order": COUNTS}),
            "orders": st.fixed_dictionaries({"works": st.dictionaries(st.sampled_from(["motor", "lens"]), COUNTS)}),
        },
    ),
)
def test_an_edit_sets_exactly_the_new_values(blocks: list[str], tables: dict[str, dict[str, object]]) -> None:
    """The edited text has the old tree with the new values merged in, for any order of the tables."""
    text = "".join(blocks)
    tree = tomllib.loads(text)

    def merge(table: dict[str, object], values: dict[str, object]) -> None:
        for name, value in values.items():
            if isinstance(value, dict):
                inner = table.setdefault(name, {})
                assert isinstance(inner, dict)
                merge(inner, value)
            else:
                table[name] = value

    merge(tree, dict(tables))
    edited = with_values(text.encode(), tables)
    assert tomllib.loads(edited) == tree
    assert edited.count("# w") == text.count("# w")


def test_numerals_are_listed_with_key_and_line() -> None:
    """Numerals outside strings and comments are listed as they are written."""
    text = 'a = 30.000 # 1.000\n[b]\nc = ["2.000", [\n  1.5, 7 ]]\n"x.1" = { d = -1_000 }\n'
    assert [(n.keys, n.line, n.text) for n in numerals(text)] == [
        (("a",), 1, "30.000"),
        (("b", "c"), 4, "1.5"),
        (("b", "c"), 4, "7"),
        (("b", "x.1"), 5, "-1_000"),
    ]
    assert all(text[n.start :].startswith(n.text) for n in numerals(text))


def test_bytes_that_are_not_toml_raise_with_file_and_line() -> None:
    """``parse_toml`` raises the problems that the reader of folders would report."""
    with pytest.raises(ScenarioError, match=r"^fit\.toml:2: is not valid TOML"):
        parse_toml("fit.toml", b"a = 1\nb =\n")
    with pytest.raises(ScenarioError, match=r"^fit\.toml:1: is UTF-16 text"):
        parse_toml("fit.toml", "a = 1".encode("utf-16"))
    assert parse_toml("fit.toml", b"\xef\xbb\xbfa = 1\r\n").tree == {"a": 1}
