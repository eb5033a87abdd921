"""Points that run out: policies, lots and what was used of them, and entries of what ran out.

The database holds what must hold of them, whoever writes: what is left of a lot is what it began with and its uses, a use belongs
to the lot's customer, and lots never hold more than the balance. The version before writes none of it, and no store has a policy
while it serves.

Whoever rebuilds one of these tables on SQLite must drop its triggers before and create them after.
"""

import sqlalchemy as sa
from alembic import op

from app.db.columns import BigId, UtcTime
from app.db.indexing import add_index
from app.db.rebuilding import keeping_triggers

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None

KINDS = ("claim", "instant", "import", "move", "spend", "give_back")
OF_CUSTOMER = ("ends_next", "earned_at", "active_at")

_IS_OF_THE_ENTRY = "customer_id = (SELECT customer_id FROM points_entry WHERE id = NEW.entry_id)"
_USE = f"""
    UPDATE points_lot SET points_left = points_left + NEW.points
    WHERE id = NEW.lot_id AND points_left + NEW.points BETWEEN 0 AND points AND {_IS_OF_THE_ENTRY}"""
_USED = "(SELECT coalesce(sum(points), 0) FROM points_lot_use WHERE lot_id = NEW.id)"


def _holds_too_much(customer: str) -> str:
    return f"""
    (SELECT coalesce(sum(points_left), 0) FROM points_lot WHERE customer_id = {customer} AND points_left > 0)
    > (SELECT CASE WHEN available > 0 THEN available ELSE 0 END FROM points_customer WHERE id = {customer})"""


_OF_USE = "(SELECT customer_id FROM points_lot WHERE id = NEW.lot_id)"
_IS_MADE_BY_ITS_ENTRY = """
    EXISTS (SELECT 1 FROM points_entry WHERE id = NEW.entry_id AND customer_id = NEW.customer_id AND amount >= NEW.points)"""
_WHAT_A_LOT_WAS = "id, customer_id, entry_id, origin_id, policy_id, ends, points"


def _of(row: str) -> str:
    return ", ".join(f"{row}.{name}" for name in _WHAT_A_LOT_WAS.split(", "))


SQLITE_TRIGGERS = {
    "points_policy_is_never_changed": """
        BEFORE UPDATE ON points_policy BEGIN SELECT RAISE(ABORT, 'points_policy: a policy is never changed'); END""",
    "points_policy_is_never_deleted": """
        BEFORE DELETE ON points_policy BEGIN SELECT RAISE(ABORT, 'points_policy: a policy is never deleted'); END""",
    "points_lot_begins_whole": f"""
        AFTER INSERT ON points_lot
        BEGIN
            SELECT RAISE(ABORT, 'points_lot: it begins with all its points, brought by its entry')
            WHERE NEW.points_left <> NEW.points OR NOT {_IS_MADE_BY_ITS_ENTRY};
            SELECT RAISE(ABORT, 'points_lot: lots hold no more than the balance') WHERE {_holds_too_much("NEW.customer_id")};
        END""",
    "points_lot_stays_what_it_was": f"""
        BEFORE UPDATE ON points_lot
        WHEN ({_of("NEW")}) IS NOT ({_of("OLD")}) OR NEW.points_left <> NEW.points + {_USED}
        BEGIN SELECT RAISE(ABORT, 'points_lot: what is left of it is what its uses left'); END""",
    "points_lot_is_never_deleted": """
        BEFORE DELETE ON points_lot BEGIN SELECT RAISE(ABORT, 'points_lot: a lot is never deleted'); END""",
    "points_lot_use_moves_its_lot": f"""
        AFTER INSERT ON points_lot_use
        BEGIN
            {_USE};
            SELECT RAISE(ABORT, 'points_lot_use: the lot does not hold it, or is not of the customer') WHERE changes() = 0;
            SELECT RAISE(ABORT, 'points_lot: lots hold no more than the balance')
            WHERE NEW.points > 0 AND {_holds_too_much(_OF_USE)};
        END""",
    "points_lot_use_is_never_changed": """
        BEFORE UPDATE ON points_lot_use BEGIN SELECT RAISE(ABORT, 'points_lot_use: a use is never changed'); END""",
    "points_lot_use_is_never_deleted": """
        BEFORE DELETE ON points_lot_use BEGIN SELECT RAISE(ABORT, 'points_lot_use: a use is never deleted'); END""",
}

POSTGRESQL_FUNCTIONS = {
    "points_lot_refuse": """
        BEGIN
            RAISE EXCEPTION '%: a row is never changed or deleted', TG_TABLE_NAME USING ERRCODE = 'check_violation';
        END""",
    "points_lot_begin": f"""
        BEGIN
            IF NEW.points_left <> NEW.points OR NOT {_IS_MADE_BY_ITS_ENTRY} THEN
                RAISE EXCEPTION 'points_lot: it begins with all its points, brought by its entry'
                    USING ERRCODE = 'check_violation';
            END IF;
            IF {_holds_too_much("NEW.customer_id")} THEN
                RAISE EXCEPTION 'points_lot: lots hold no more than the balance' USING ERRCODE = 'check_violation';
            END IF;
            RETURN NULL;
        END""",
    "points_lot_hold": f"""
        BEGIN
            IF ({_of("NEW")}) IS DISTINCT FROM ({_of("OLD")}) OR NEW.points_left <> NEW.points + {_USED} THEN
                RAISE EXCEPTION 'points_lot: what is left of it is what its uses left' USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        END""",
    "points_lot_use_book": f"""
        BEGIN
            {_USE};
            IF NOT FOUND THEN
                RAISE EXCEPTION 'points_lot_use: the lot does not hold it, or is not of the customer'
                    USING ERRCODE = 'check_violation';
            END IF;
            IF NEW.points > 0 AND {_holds_too_much(_OF_USE)} THEN
                RAISE EXCEPTION 'points_lot: lots hold no more than the balance' USING ERRCODE = 'check_violation';
            END IF;
            RETURN NULL;
        END""",
}
_NEVER_CHANGED = ("points_policy", "points_lot_use")
POSTGRESQL_TRIGGERS = (
    *(
        f"""CREATE TRIGGER {table}_is_never_changed BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION points_lot_refuse()"""
        for table in _NEVER_CHANGED
    ),
    *(
        f"""CREATE TRIGGER {table}_is_never_emptied BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION points_lot_refuse()"""
        for table in (*_NEVER_CHANGED, "points_lot")
    ),
    """CREATE TRIGGER points_lot_begins_whole AFTER INSERT ON points_lot
       FOR EACH ROW EXECUTE FUNCTION points_lot_begin()""",
    """CREATE TRIGGER points_lot_stays_what_it_was BEFORE UPDATE ON points_lot
       FOR EACH ROW EXECUTE FUNCTION points_lot_hold()""",
    """CREATE TRIGGER points_lot_is_never_deleted BEFORE DELETE ON points_lot
       FOR EACH ROW EXECUTE FUNCTION points_lot_refuse()""",
    """CREATE TRIGGER points_lot_use_moves_its_lot AFTER INSERT ON points_lot_use
       FOR EACH ROW EXECUTE FUNCTION points_lot_use_book()""",
)


def upgrade() -> None:
    _create_tables()
    for name in OF_CUSTOMER:
        op.add_column("points_customer", sa.Column(name, UtcTime(), nullable=True))
    _change_entries((*KINDS, "expire"), can_expire=True)
    if op.get_context().dialect.name == "sqlite":
        for name, body in SQLITE_TRIGGERS.items():
            op.execute(f"CREATE TRIGGER {name} {body}")
    else:
        for name, body in POSTGRESQL_FUNCTIONS.items():
            op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")
        for trigger in POSTGRESQL_TRIGGERS:
            op.execute(trigger)
    add_index("points_entry_undoes", "points_entry", ["undoes_id"], where="undoes_id IS NOT NULL")
    add_index("points_customer_ends_next", "points_customer", ["ends_next"], where="ends_next IS NOT NULL")


def downgrade() -> None:
    op.drop_index("points_customer_ends_next", "points_customer")
    op.drop_index("points_entry_undoes", "points_entry")
    if op.get_context().dialect.name == "sqlite":
        for name in SQLITE_TRIGGERS:
            op.execute(f"DROP TRIGGER {name}")
    else:
        for name in POSTGRESQL_FUNCTIONS:
            op.execute(f"DROP FUNCTION {name}() CASCADE")
    for table in ("points_lot_use", "points_lot", "points_policy"):
        op.drop_table(table)
    _change_entries(KINDS, can_expire=False)
    for name in OF_CUSTOMER:
        op.drop_column("points_customer", name)


def _create_tables() -> None:
    op.create_table(
        "points_policy",
        sa.Column("id", BigId(), primary_key=True),
        sa.Column("store_id", BigId(), sa.ForeignKey("store.id"), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("months", sa.Integer(), nullable=True),
        sa.Column("to_month_end", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("month", sa.Integer(), nullable=True),
        sa.Column("day", sa.Integer(), nullable=True),
        sa.Column("grace_days", sa.Integer(), nullable=False),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("in_force_from", UtcTime(), nullable=False),
        sa.Column("created_by", sa.String(256), nullable=False),
        sa.CheckConstraint("kind IN ('never', 'rolling', 'calendar', 'inactive')", name="points_policy_kind"),
        sa.CheckConstraint("(kind IN ('rolling', 'inactive')) = (months IS NOT NULL)", name="points_policy_has_months"),
        sa.CheckConstraint("months BETWEEN 1 AND 600", name="points_policy_months"),
        sa.CheckConstraint("NOT to_month_end OR kind = 'rolling'", name="points_policy_to_month_end"),
        sa.CheckConstraint(
            "(kind = 'calendar') = (month IS NOT NULL) AND (month IS NULL) = (day IS NULL)", name="points_policy_has_day"
        ),
        sa.CheckConstraint("month BETWEEN 1 AND 12 AND day BETWEEN 1 AND 31", name="points_policy_day"),
        sa.CheckConstraint("grace_days BETWEEN 0 AND 365", name="points_policy_grace_days"),
    )
    op.create_index("points_policy_of_store", "points_policy", ["store_id", "id"])
    op.create_table(
        "points_lot",
        sa.Column("id", BigId(), primary_key=True),
        sa.Column("customer_id", BigId(), sa.ForeignKey("points_customer.id"), nullable=False),
        sa.Column("entry_id", BigId(), sa.ForeignKey("points_entry.id"), nullable=False),
        sa.Column("origin_id", BigId(), sa.ForeignKey("points_entry.id"), nullable=False),
        sa.Column("policy_id", BigId(), sa.ForeignKey("points_policy.id"), nullable=True),
        sa.Column("ends", UtcTime(), nullable=True),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("points_left", sa.Integer(), nullable=False),
        sa.Column("announced_at", UtcTime(), nullable=True),
        sa.CheckConstraint("points > 0", name="points_lot_points"),
        sa.CheckConstraint("points_left BETWEEN 0 AND points", name="points_lot_points_left"),
        sa.CheckConstraint("ends IS NOT NULL OR policy_id IS NOT NULL", name="points_lot_ends_some_day"),
    )
    is_open = sa.text("points_left > 0")
    for name, column in (("points_lot_of_customer", "customer_id"), ("points_lot_ends", "ends")):
        op.create_index(name, "points_lot", [column], sqlite_where=is_open, postgresql_where=is_open)
    for column in ("entry_id", "origin_id"):
        op.create_index(f"ix_points_lot_{column}", "points_lot", [column])
    op.create_table(
        "points_lot_use",
        sa.Column("id", BigId(), primary_key=True),
        sa.Column("entry_id", BigId(), sa.ForeignKey("points_entry.id"), nullable=False),
        sa.Column("lot_id", BigId(), sa.ForeignKey("points_lot.id"), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.CheckConstraint("points <> 0", name="points_lot_use_points"),
    )
    for column in ("entry_id", "lot_id"):
        op.create_index(f"ix_points_lot_use_{column}", "points_lot_use", [column])


def _change_entries(kinds: tuple[str, ...], *, can_expire: bool) -> None:
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    with keeping_triggers(), op.batch_alter_table("points_entry") as batch_op:
        if can_expire:
            batch_op.add_column(sa.Column("undoes_id", BigId(), nullable=True))
            batch_op.create_foreign_key("points_entry_undoes_id_fkey", "points_entry", ["undoes_id"], ["id"])
            batch_op.create_check_constraint("points_entry_expires", "kind <> 'expire' OR amount < 0")
        else:
            batch_op.drop_constraint("points_entry_expires", type_="check")
            batch_op.drop_constraint("points_entry_undoes_id_fkey", type_="foreignkey")
            batch_op.drop_column("undoes_id")
        batch_op.drop_constraint("points_entry_kind", type_="check")
        batch_op.create_check_constraint("points_entry_kind", f"kind IN ({listed})")
