"""The stand-in's part of Saleor's GraphQL schema."""

from functools import cache
from pathlib import Path

from graphql import GraphQLSchema, build_schema


@cache
def schema() -> GraphQLSchema:
    return build_schema((Path(__file__).parent / "schema.graphql").read_text(encoding="utf-8"))
