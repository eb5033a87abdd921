"""Points as a payment: how they pay, what they paid, and what went back of it.

The version before knows none of it. The database itself keeps what a spend returned: the sum of the returns that count.

Whoever rebuilds one of these tables on SQLite must drop its triggers before and create them after.
"""

import sqlalchemy as sa
from alembic import op

from app.db.columns import BigId, ExactDecimal, UtcTime

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

STAGES = "stage IN ('asked', 'refused', 'taken', 'checking', 'confirmed', 'on_order', 'returned')"
REASONS = "why IN ('refund', 'cancel', 'abandoned', 'cancelled', 'overcharged', 'not_booked', 'staff')"
IS_NOT_OVER = "stage NOT IN ('refused', 'returned')"

# What a spend was, and what a return was. All else of them may change. Who it was may be erased.
_PAID = ("id", "store_id", "reference", "saleor_transaction_id", "account_id", "rule_id", "currency", "amount_units", "points")
_WENT_BACK = ("id", "spend_id", "reference", "why", "amount_units", "points", "written_at")


def _sum_of(column: str) -> str:
    return f"(SELECT coalesce(sum({column}), 0) FROM spend_return WHERE spend_id = NEW.id AND cancelled_at IS NULL)"


def _row(which: str, columns: tuple[str, ...]) -> str:
    return f"({', '.join(f'{which}.{column}' for column in columns)})"


_IS_NOT_THEIR_SUM = f"(NEW.returned_points, NEW.returned_units) <> ({_sum_of('points')}, {_sum_of('amount_units')})"
_COUNTS_NEW = "(CASE WHEN NEW.cancelled_at IS NULL THEN 1 ELSE 0 END)"
_COUNTED_OLD = "(CASE WHEN OLD.cancelled_at IS NULL THEN 1 ELSE 0 END)"


def _move(change: str) -> str:
    """Move what a spend returned by a change of what counts. Never read anew: two that write at once must both count."""
    return f"""
        UPDATE spend SET returned_points = returned_points + NEW.points * {change},
            returned_units = returned_units + NEW.amount_units * {change}
        WHERE id = NEW.spend_id"""


SQLITE_TRIGGERS = {
    "spend_return_counts": f"""
        AFTER INSERT ON spend_return
        BEGIN {_move(_COUNTS_NEW)}; END""",
    "spend_return_counts_no_more": f"""
        AFTER UPDATE ON spend_return WHEN (NEW.cancelled_at IS NULL) <> (OLD.cancelled_at IS NULL)
        BEGIN {_move(f"({_COUNTS_NEW} - {_COUNTED_OLD})")}; END""",
    "spend_return_stays_what_it_was": f"""
        BEFORE UPDATE ON spend_return WHEN {_row("NEW", _WENT_BACK)} IS NOT {_row("OLD", _WENT_BACK)}
        BEGIN SELECT RAISE(ABORT, 'spend_return: what went back never changes'); END""",
    "spend_return_is_never_deleted": """
        BEFORE DELETE ON spend_return
        BEGIN SELECT RAISE(ABORT, 'spend_return: a return is never deleted'); END""",
    "spend_begins_whole": """
        BEFORE INSERT ON spend WHEN NEW.returned_points <> 0 OR NEW.returned_units <> 0
        BEGIN SELECT RAISE(ABORT, 'spend: nothing went back yet'); END""",
    "spend_stays_what_it_was": f"""
        BEFORE UPDATE ON spend WHEN {_row("NEW", _PAID)} IS NOT {_row("OLD", _PAID)} OR {_IS_NOT_THEIR_SUM}
        BEGIN SELECT RAISE(ABORT, 'spend: what went back is the sum of its returns'); END""",
    "spend_is_never_deleted": """
        BEFORE DELETE ON spend
        BEGIN SELECT RAISE(ABORT, 'spend: a spend is never deleted'); END""",
    "spend_rule_never_changes": """
        BEFORE UPDATE ON spend_rule
        BEGIN SELECT RAISE(ABORT, 'spend_rule: a version never changes'); END""",
    "spend_rule_is_never_deleted": """
        BEFORE DELETE ON spend_rule
        BEGIN SELECT RAISE(ABORT, 'spend_rule: a version is never deleted'); END""",
}

POSTGRESQL_FUNCTIONS = {
    "spend_return_hold": f"""
        BEGIN
            IF {_row("NEW", _WENT_BACK)} IS DISTINCT FROM {_row("OLD", _WENT_BACK)} THEN
                RAISE EXCEPTION 'spend_return: what went back never changes' USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        END""",
    "spend_return_count": f"""
        BEGIN
            IF TG_OP = 'INSERT' THEN
                {_move(_COUNTS_NEW)};
            ELSE
                {_move(f"({_COUNTS_NEW} - {_COUNTED_OLD})")};
            END IF;
            RETURN NULL;
        END""",
    "spend_hold": f"""
        BEGIN
            IF TG_OP = 'INSERT' THEN
                IF NEW.returned_points <> 0 OR NEW.returned_units <> 0 THEN
                    RAISE EXCEPTION 'spend: nothing went back yet' USING ERRCODE = 'check_violation';
                END IF;
            ELSIF {_row("NEW", _PAID)} IS DISTINCT FROM {_row("OLD", _PAID)} OR {_IS_NOT_THEIR_SUM} THEN
                RAISE EXCEPTION 'spend: what went back is the sum of its returns' USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        END""",
    "spend_refuse": """
        BEGIN
            RAISE EXCEPTION '%: a row is never changed nor deleted', TG_TABLE_NAME USING ERRCODE = 'check_violation';
        END""",
}
POSTGRESQL_TRIGGERS = (
    """CREATE TRIGGER spend_return_stays_what_it_was BEFORE UPDATE ON spend_return
       FOR EACH ROW EXECUTE FUNCTION spend_return_hold()""",
    """CREATE TRIGGER spend_return_counts AFTER INSERT ON spend_return
       FOR EACH ROW EXECUTE FUNCTION spend_return_count()""",
    """CREATE TRIGGER spend_return_counts_no_more AFTER UPDATE ON spend_return
       FOR EACH ROW WHEN ((NEW.cancelled_at IS NULL) <> (OLD.cancelled_at IS NULL)) EXECUTE FUNCTION spend_return_count()""",
    """CREATE TRIGGER spend_stays_what_it_was BEFORE INSERT OR UPDATE ON spend
       FOR EACH ROW EXECUTE FUNCTION spend_hold()""",
    """CREATE TRIGGER spend_rule_never_changes BEFORE UPDATE OR DELETE ON spend_rule
       FOR EACH ROW EXECUTE FUNCTION spend_refuse()""",
    *(
        f"CREATE TRIGGER {table}_is_never_deleted BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION spend_refuse()"
        for table in ("spend", "spend_return")
    ),
    *(
        f"CREATE TRIGGER {table}_is_never_emptied BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION spend_refuse()"
        for table in ("spend", "spend_return", "spend_rule")
    ),
)


def upgrade() -> None:
    op.create_table(
        "spend_rule",
        sa.Column("id", BigId(), primary_key=True),
        sa.Column("store_id", BigId(), sa.ForeignKey("store.id"), nullable=False),
        sa.Column("channel", sa.String(256), nullable=True),
        sa.Column("in_force_from", UtcTime(), nullable=False),
        sa.Column("points_per_unit", ExactDecimal(), nullable=False),
        sa.Column("least_points", sa.Integer(), nullable=False),
        sa.Column("greatest_share", ExactDecimal(), nullable=False),
        sa.Column("return_on_cancel", sa.Boolean(), nullable=False),
        sa.Column("hold_hours", sa.Integer(), nullable=False),
        sa.Column("unpaid_orders", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("follows_default", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("created_by", sa.String(256), nullable=False),
        sa.CheckConstraint("CAST(points_per_unit AS NUMERIC) > 0", name="spend_rule_points_per_unit"),
        sa.CheckConstraint("least_points BETWEEN 1 AND 1000000", name="spend_rule_least_points"),
        sa.CheckConstraint(
            "CAST(greatest_share AS NUMERIC) > 0 AND CAST(greatest_share AS NUMERIC) <= 1", name="spend_rule_greatest_share"
        ),
        sa.CheckConstraint("hold_hours BETWEEN 1 AND 720", name="spend_rule_hold_hours"),
    )
    op.create_index("spend_rule_in_force", "spend_rule", ["store_id", "channel", "in_force_from"])
    _create_spend()
    op.create_table(
        "spend_return",
        sa.Column("id", BigId(), primary_key=True),
        sa.Column("spend_id", BigId(), sa.ForeignKey("spend.id"), nullable=False),
        sa.Column("reference", sa.Uuid(), nullable=False, unique=True),
        sa.Column("request_event_id", sa.String(128), nullable=True),
        sa.Column("why", sa.String(16), nullable=False),
        sa.Column("amount_units", BigId(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("written_at", UtcTime(), nullable=False),
        sa.Column("reported_at", UtcTime(), nullable=True),
        sa.Column("credited_at", UtcTime(), nullable=True),
        sa.Column("cancelled_at", UtcTime(), nullable=True),
        sa.Column("problem", sa.String(1024), nullable=True),
        sa.Column("made_by", sa.String(256), nullable=True),
        sa.CheckConstraint(REASONS, name="spend_return_why"),
        sa.CheckConstraint("amount_units > 0", name="spend_return_amount"),
        sa.CheckConstraint("points >= 0", name="spend_return_points"),
    )
    _add_index(
        "spend_return_of_request", "spend_return", ["spend_id", "request_event_id"], "request_event_id IS NOT NULL", unique=True
    )
    op.create_index("spend_return_of_spend", "spend_return", ["spend_id", "id"])
    if op.get_context().dialect.name == "sqlite":
        for name, body in SQLITE_TRIGGERS.items():
            op.execute(f"CREATE TRIGGER {name} {body}")
    else:
        for name, body in POSTGRESQL_FUNCTIONS.items():
            op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")
        for trigger in POSTGRESQL_TRIGGERS:
            op.execute(trigger)


def downgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        for name in SQLITE_TRIGGERS:
            op.execute(f"DROP TRIGGER {name}")
    else:
        for name in POSTGRESQL_FUNCTIONS:
            op.execute(f"DROP FUNCTION {name}() CASCADE")
    for table in ("spend_return", "spend", "spend_rule"):
        op.drop_table(table)


def _create_spend() -> None:
    op.create_table(
        "spend",
        sa.Column("id", BigId(), primary_key=True),
        sa.Column("store_id", BigId(), sa.ForeignKey("store.id"), nullable=False),
        sa.Column("reference", sa.Uuid(), nullable=False, unique=True),
        sa.Column("saleor_transaction_id", sa.String(128), nullable=False),
        sa.Column("saleor_checkout_id", sa.String(128), nullable=True),
        sa.Column("saleor_order_id", sa.String(128), nullable=True),
        sa.Column("channel", sa.String(256), nullable=False),
        sa.Column("email", sa.String(320), nullable=False),
        sa.Column("email_key", sa.String(320), nullable=False),
        sa.Column("account_id", BigId(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("rule_id", BigId(), sa.ForeignKey("spend_rule.id"), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("amount_units", BigId(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("returned_units", BigId(), nullable=False),
        sa.Column("returned_points", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(16), nullable=False),
        *(
            sa.Column(name, UtcTime(), nullable=name != "asked_at")
            for name in ("asked_at", "taken_at", "answered_at", "confirmed_at", "ended_at", "look_at")
        ),
        sa.Column("lease_token", sa.String(64), nullable=True),
        sa.Column("lease_until", UtcTime(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("problem_code", sa.String(64), nullable=True),
        sa.Column("problem", sa.String(1024), nullable=True),
        sa.CheckConstraint(STAGES, name="spend_stage"),
        sa.CheckConstraint("points > 0", name="spend_points"),
        sa.CheckConstraint("amount_units > 0", name="spend_amount"),
        sa.CheckConstraint("returned_points BETWEEN 0 AND points", name="spend_returned_points"),
        sa.CheckConstraint("returned_units BETWEEN 0 AND amount_units", name="spend_returned_units"),
        sa.CheckConstraint("stage <> 'returned' OR returned_units = amount_units", name="spend_returned_whole"),
        sa.CheckConstraint("stage IN ('asked', 'refused') OR taken_at IS NOT NULL", name="spend_taken_is_timed"),
        sa.CheckConstraint("stage <> 'on_order' OR saleor_order_id IS NOT NULL", name="spend_on_order_has_order"),
        sa.CheckConstraint("(lease_token IS NULL) = (lease_until IS NULL)", name="spend_lease"),
    )
    _add_index("spend_of_transaction", "spend", ["store_id", "saleor_transaction_id"], IS_NOT_OVER, unique=True)
    _add_index("spend_to_look_at", "spend", ["look_at"], "look_at IS NOT NULL")
    _add_index("spend_of_checkout", "spend", ["store_id", "saleor_checkout_id"], "saleor_checkout_id IS NOT NULL")
    _add_index("spend_of_order", "spend", ["store_id", "saleor_order_id"], "saleor_order_id IS NOT NULL")
    op.create_index("spend_of_customer", "spend", ["store_id", "email_key", "id"])
    op.create_index("spend_by_number", "spend", ["store_id", "id"])
    _add_index("spend_open", "spend", ["store_id", "id"], IS_NOT_OVER)


def _add_index(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    op.create_index(name, table, columns, unique=unique, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
