"""Looks at the processes of this machine, by /proc."""

from pathlib import Path


def children_of(pid: int) -> list[int]:
    return [child for child, parent in _parents().items() if parent == pid]


def descendants_of(pid: int) -> list[int]:
    found = children_of(pid)
    for child in list(found):
        found += descendants_of(child)
    return found


def child_running(pid: int, command: str) -> int:
    """Find the child of a process that runs a command of the app."""
    return next(
        child for child in children_of(pid) if command.encode() in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
    )


def is_alive(pid: int) -> bool:
    return pid in _parents()


def _parents() -> dict[int, int]:
    """Give each process's parent; those that are dead and only waited for do not count."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state != "Z":
            parents[int(folder.name)] = int(parent)
    return parents
