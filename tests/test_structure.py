"""What keeps the house easy to find one's way in: one name for one thing."""

import ast
from collections import defaultdict
from pathlib import Path

APP = Path(__file__).parents[1] / "app"
# Each of these is one thing, seen by several rooms: as a command, a page, a table, a rule of the domain.
SAME_THING = {"books", "brand", "claim", "customers", "evidence", "form_tokens", "keys", "order", "store", "stores"}


def test_a_file_has_a_name_of_its_own() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path in APP.rglob("*.py"):
        if path.stem != "__init__":
            places[path.stem].append(str(path.relative_to(APP)))

    assert {name: where for name, where in places.items() if len(where) > 1 and name not in SAME_THING} == {}


def test_a_class_has_a_name_of_its_own() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path in APP.rglob("*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(str(path.relative_to(APP)))

    assert {name: where for name, where in places.items() if len(where) > 1} == {}
