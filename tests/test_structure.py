"""What keeps the house easy to find one's way in: one name for one thing."""

import ast
from collections import defaultdict
from pathlib import Path

APP = Path(__file__).parents[1] / "app"
# Each of these is one thing, seen by several rooms: as a command, a page, a table, a rule of the domain.
SAME_THING = {
    "books",
    "brand",
    "claim",
    "customers",
    "evidence",
    "form_tokens",
    "keys",
    "order",
    "spend_rule",
    "spending",
    "spends",
    "store",
    "stores",
}


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


def test_each_lock_of_the_database_has_a_number_of_its_own() -> None:
    places: dict[object, list[str]] = defaultdict(list)
    for path in APP.rglob("*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id.endswith("_LOCK"):
                places[ast.literal_eval(node.value)].append(f"{path.relative_to(APP)}: {node.targets[0].id}")

    assert len(places) >= 4
    assert {number: where for number, where in places.items() if len(where) > 1} == {}
