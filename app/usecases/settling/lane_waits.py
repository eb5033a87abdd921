"""Orders that wait while another change of the same customer's points is under way: for which one, and until when."""

from collections.abc import Mapping, Sequence

from sqlmodel import Session

from app.db.lanes import holders_of
from app.db.tables import MovementRow
from app.domain.settlement import MovementState
from app.usecases.moving.causes import Busy, Problem, Result
from app.usecases.services import Services

WAITS = "waits"
_UNKNOWN_TO_US = "another shop's change at the same points account"


def why_busy(services: Services, results: Sequence[Result]) -> dict[str, Problem]:
    """Say for each lane that was found busy which change is under way there, and whether it needs a person."""
    busy = {result.movement.lane: result.movement for result in results if isinstance(result, Busy)}
    if not busy:
        return {}
    with services.database.reading() as session:
        holders = holders_of(session, busy)
        return {lane: _problem(_name(services, session, holder, busy[lane]), holder) for lane, holder in holders.items()}


def lanes_that_are_free(session: Session, lanes: Sequence[str]) -> set[str]:
    """Give those lanes in which nothing is under way any more. A change that is just being ended is waited for."""
    return set(lanes) - holders_of(session, lanes, lock=True).keys()


def _name(services: Services, session: Session, holder: MovementRow, waiting: MovementRow) -> str:
    if holder.store_id != waiting.store_id:
        return _UNKNOWN_TO_US
    kind, _ = holder.cause
    name = services.causes[kind].name(session, holder)
    return name[:1].lower() + name[1:]


def _problem(name: str, holder: MovementRow) -> Problem:
    how = _HOW[_FOR_STAFF] if holder.is_for_staff else _HOW[holder.state]
    return Problem(WAITS, f"This order waits for {name}, because it changes the points of the same customer. {how}")


_FOR_STAFF = "for staff"
_HOW: Mapping[str, str] = {
    _FOR_STAFF: "Its answer was lost, and you need to say whether it went through. Then this order goes on by itself.",
    MovementState.UNKNOWN: "Its answer was lost, and the app is checking whether it went through.",
    MovementState.PLANNED: "It has not been sent yet.",
    MovementState.SENDING: "Its answer is not there yet.",
}
