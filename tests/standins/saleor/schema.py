"""The stand-in's part of Saleor's GraphQL schema."""

import re
from functools import cache
from pathlib import Path

from graphql import GraphQLSchema, build_schema

WHERE_SINCE = (3, 22)
SINCE = re.compile(r"# since (\d+)\.(\d+)$")


@cache
def schema(version: str = "3.24") -> GraphQLSchema:
    major, minor = version.split(".")[:2]
    known = (int(major), int(minor))
    here = Path(__file__).parent
    text = (here / "schema.graphql").read_text(encoding="utf-8")
    codes = (here / "schema_codes.graphql").read_text(encoding="utf-8")
    served = "\n".join(line for line in codes.splitlines() if _since(line) <= known)
    return build_schema(f"{text if known >= WHERE_SINCE else text.replace(' where: OrderWhereInput,', '')}\n{served}")


def _since(line: str) -> tuple[int, int]:
    found = SINCE.search(line)
    return (0, 0) if found is None else (int(found[1]), int(found[2]))
