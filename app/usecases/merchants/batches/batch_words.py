"""What a change of a batch would do, and what came of it, in a few words."""

from app.domain.change_batches import ChangeState


def what_it_would_do(points: int, expected: int | None) -> str:
    """Say what a change would do. `expected` is what it would move; None where that is not known."""
    if points > 0:
        return f"gives {points:,}"
    if expected is None:
        return f"takes {-points:,}, or as many as are there"
    missing = expected - points
    if not missing:
        return f"takes {-points:,}"
    return f"takes {-expected:,}; {missing:,} are not there" if expected else f"takes nothing; {missing:,} are not there"


def what_it_did(state: str, points: int, moved: int | None, undone: int | None) -> str:
    """Say what a change that was not refused did, and what was undone of it."""
    if state == ChangeState.READY:
        return "not made"
    if moved is None:
        return "waits for the points provider"
    said = f"{'gave' if moved > 0 else 'took'} {abs(moved):,}"
    if moved != points:
        said += f"; {abs(points - moved):,} were not there"
    if state == ChangeState.UNDO_ASKED:
        return f"{said}; the undo waits for the points provider"
    if undone is None:
        return said
    missing = abs(moved + undone)
    return f"{said}; undone" if not missing else f"{said}; {abs(undone):,} undone, {missing:,} were not there any more"
