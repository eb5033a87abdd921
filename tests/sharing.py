"""What is costly to build and the same for every app that the tests build: built once in a process.

Production builds one app, one engine and each template once in a process, and tests build them a thousand times.
"""

import gc
from functools import partial
from typing import Any

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Mapper
from werkzeug.routing import Rule

import app.db.engine

STATEMENTS_MAX = 2_000
# Objects, by which time a few tests are over.
COLLECTED_AFTER = 50_000


class _CompiledStatements(dict[Any, Any]):
    """Compiled statements, by the kind of database rather than by the engine's own dialect."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get((key[0].name, *key[1:]), default)

    def __setitem__(self, key: Any, compiled: Any) -> None:
        if len(self) >= STATEMENTS_MAX:
            self.clear()
        super().__setitem__((key[0].name, *key[1:]), compiled)


class _CompiledTemplates(BytecodeCache):
    """Compiled templates, by their name and their text."""

    def __init__(self) -> None:
        self._by_key: dict[tuple[str, str], bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if (compiled := self._by_key.get((bucket.key, bucket.checksum))) is not None:
            bucket.bytecode_from_string(compiled)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._by_key[bucket.key, bucket.checksum] = bucket.bytecode_to_string()


def share() -> None:
    """Share from now on, in this process."""
    Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": _CompiledTemplates()}
    compiled = _CompiledStatements()
    # What is added and changed by objects has a cache of its own in each table's mapper.
    Mapper._compiled_cache = compiled  # type: ignore[assignment]  # on purpose
    app.db.engine.create_engine = partial(_create_engine, compiled, {})  # type: ignore[attr-defined]  # imported there
    _share_builders_of_addresses()


def spare_what_is_loaded() -> None:
    """Keep the garbage collector off all that is loaded and all the tests: going through them takes a twentieth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECTED_AFTER, 10, 10)


def _create_engine(compiled: _CompiledStatements, types: dict[str, Any], *arguments: Any, **options: Any) -> Engine:
    engine = create_engine(*arguments, execution_options={"compiled_cache": compiled}, **options)
    # What each type looks like in this kind of database.
    vars(engine.dialect)["_type_memos"] = types.setdefault(engine.dialect.name, engine.dialect._type_memos)
    return engine


def _share_builders_of_addresses() -> None:
    build = Rule._compile_builder
    built: dict[Any, Any] = {}

    def shared(self: Any, append_unknown: bool = True) -> Any:
        key = (self.rule, append_unknown, tuple(self._trace), tuple((self.defaults or {}).items()))
        if key not in built:
            built[key] = build(self, append_unknown)
        return built[key]

    Rule._compile_builder = shared  # type: ignore[method-assign]  # on purpose
