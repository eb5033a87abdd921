"""What staff did and asked for, as those who watched them know it."""

from dataclasses import dataclass, field


@dataclass(eq=False)
class Asked:
    """A change above a limit: of an order (Saleor's id), of a customer, or a batch. `points` are None for a write-off."""

    store_id: int
    number: int
    points: int | None = None
    order_id: str | None = None
    state: str = "waiting"


@dataclass(eq=False)
class StaffBatch:
    """A batch that staff ran: what it asks for, by folded e-mail."""

    store_id: int
    number: int
    rows: dict[str, int]
    is_run: bool = True
    is_undone: bool = False


@dataclass
class StaffBook:
    """What staff did and asked for, as those who watched them know it."""

    days: dict[tuple[int, object], int] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    batches: list[StaffBatch] = field(default_factory=list)
