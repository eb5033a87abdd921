"""The stand-in's part of Saleor's GraphQL schema."""

from functools import cache
from pathlib import Path

from graphql import GraphQLSchema, build_schema

WHERE_SINCE = (3, 22)


@cache
def schema(version: str = "3.24") -> GraphQLSchema:
    text = (Path(__file__).parent / "schema.graphql").read_text(encoding="utf-8")
    major, minor = version.split(".")[:2]
    return build_schema(text if (int(major), int(minor)) >= WHERE_SINCE else text.replace(" where: OrderWhereInput,", ""))
