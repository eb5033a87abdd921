"""Points of rewards come back when an order that used one is cancelled or refunded, where the reward says so.

Rewards that were made before say no. The version before knows none of it: a refund that it reads is given back for when the order
is read again.
"""

import sqlalchemy as sa
from alembic import op

from app.db.columns import BigId, UtcTime
from app.db.indexing import add_index

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None

# What such a return was. Whether it was credited may change.
_WENT_BACK = ("id", "redemption_id", "saleor_order_id", "step", "reference", "points", "written_at")
_REFUNDED = "(SELECT coalesce(sum(points), 0) FROM redemption_refund WHERE redemption_id = NEW.id)"
ADDS_UP = "redemption: what refunds gave back is the sum of its rows"
STAYS = "redemption_refund: what went back never changes"
KEPT = "redemption_refund: a row is never deleted"

NEEDS_A_PERSON = "redemption_needs_a_person"
BEFORE = (
    "problem_code IN ('permission', 'deleted', 'unclear', 'rejected')"
    " AND stage NOT IN ('refused', 'used', 'expired', 'withdrawn', 'not_made')"
)
NOW = (
    "(problem_code = 'not_returned' OR (problem_code IN ('permission', 'deleted', 'unclear', 'rejected', 'voucher_gone')"
    " AND stage NOT IN ('refused', 'used', 'expired', 'withdrawn', 'not_made')))"
)


def _row(which: str) -> str:
    return f"({', '.join(f'{which}.{column}' for column in _WENT_BACK)})"


SQLITE_TRIGGERS = {
    "redemption_begins_without_refunds": f"""
        BEFORE INSERT ON redemption WHEN NEW.refunded_points <> 0
        BEGIN SELECT RAISE(ABORT, '{ADDS_UP}'); END""",
    "redemption_refunds_add_up": f"""
        BEFORE UPDATE ON redemption WHEN NEW.refunded_points <> {_REFUNDED}
        BEGIN SELECT RAISE(ABORT, '{ADDS_UP}'); END""",
    "redemption_refund_counts": """
        AFTER INSERT ON redemption_refund
        BEGIN UPDATE redemption SET refunded_points = refunded_points + NEW.points WHERE id = NEW.redemption_id; END""",
    "redemption_refund_stays_what_it_was": f"""
        BEFORE UPDATE ON redemption_refund WHEN {_row("NEW")} IS NOT {_row("OLD")}
        BEGIN SELECT RAISE(ABORT, '{STAYS}'); END""",
    "redemption_refund_is_never_deleted": f"""
        BEFORE DELETE ON redemption_refund
        BEGIN SELECT RAISE(ABORT, '{KEPT}'); END""",
}


def _raise(message: str) -> str:
    return f"RAISE EXCEPTION '{message}' USING ERRCODE = 'check_violation'"


POSTGRESQL_FUNCTIONS = {
    "redemption_refunds_hold": f"""
        BEGIN
            IF NEW.refunded_points <> {_REFUNDED} THEN {_raise(ADDS_UP)}; END IF;
            RETURN NEW;
        END""",
    "redemption_refund_count": """
        BEGIN
            UPDATE redemption SET refunded_points = refunded_points + NEW.points WHERE id = NEW.redemption_id;
            RETURN NULL;
        END""",
    "redemption_refund_hold": f"""
        BEGIN
            IF {_row("NEW")} IS DISTINCT FROM {_row("OLD")} THEN {_raise(STAYS)}; END IF;
            RETURN NEW;
        END""",
    "redemption_refund_refuse": f"BEGIN {_raise(KEPT)}; END",
}
POSTGRESQL_TRIGGERS = (
    """CREATE TRIGGER redemption_refunds_add_up BEFORE INSERT OR UPDATE ON redemption
       FOR EACH ROW EXECUTE FUNCTION redemption_refunds_hold()""",
    """CREATE TRIGGER redemption_refund_counts AFTER INSERT ON redemption_refund
       FOR EACH ROW EXECUTE FUNCTION redemption_refund_count()""",
    """CREATE TRIGGER redemption_refund_stays_what_it_was BEFORE UPDATE ON redemption_refund
       FOR EACH ROW EXECUTE FUNCTION redemption_refund_hold()""",
    """CREATE TRIGGER redemption_refund_is_never_deleted BEFORE DELETE ON redemption_refund
       FOR EACH ROW EXECUTE FUNCTION redemption_refund_refuse()""",
    """CREATE TRIGGER redemption_refund_is_never_emptied BEFORE TRUNCATE ON redemption_refund
       FOR EACH STATEMENT EXECUTE FUNCTION redemption_refund_refuse()""",
)


def upgrade() -> None:
    op.add_column("reward_version", sa.Column("return_on_refund", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column(
        "redemption",
        sa.Column(
            "refunded_points",
            sa.Integer(),
            sa.CheckConstraint("refunded_points BETWEEN 0 AND points - returned_points", name="redemption_refunded"),
            nullable=False,
            server_default="0",
        ),
    )
    op.add_column("redemption_use", sa.Column("went_back", BigId(), nullable=False, server_default="0"))
    is_share = sa.CheckConstraint("of_charged > 0 AND went_back BETWEEN 0 AND of_charged", name="redemption_use_share")
    op.add_column("redemption_use", sa.Column("of_charged", BigId(), is_share, nullable=False, server_default="1"))
    op.add_column("redemption_use", sa.Column("look_at", UtcTime(), nullable=True))
    op.create_table(
        "redemption_refund",
        sa.Column("id", BigId(), primary_key=True),
        sa.Column("redemption_id", BigId(), sa.ForeignKey("redemption.id"), nullable=False),
        sa.Column("saleor_order_id", sa.String(128), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("reference", sa.Uuid(), nullable=False, unique=True),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("written_at", UtcTime(), nullable=False),
        sa.Column("credited_at", UtcTime(), nullable=True),
        sa.Column("problem", sa.String(1024), nullable=True),
        sa.CheckConstraint("points > 0", name="redemption_refund_points"),
        sa.CheckConstraint("step > 0", name="redemption_refund_step_is_counted"),
        sa.UniqueConstraint("redemption_id", "saleor_order_id", "step", name="redemption_refund_step"),
    )
    if op.get_context().dialect.name == "sqlite":
        for name, body in SQLITE_TRIGGERS.items():
            op.execute(f"CREATE TRIGGER {name} {body}")
    else:
        for name, body in POSTGRESQL_FUNCTIONS.items():
            op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")
        for trigger in POSTGRESQL_TRIGGERS:
            op.execute(trigger)
    op.drop_index(NEEDS_A_PERSON, "redemption", if_exists=True)
    add_index(NEEDS_A_PERSON, "redemption", ["store_id", "id"], where=NOW)
    add_index("redemption_use_to_look_at", "redemption_use", ["look_at"], where="look_at IS NOT NULL")


def downgrade() -> None:
    op.drop_index("redemption_use_to_look_at", "redemption_use", if_exists=True)
    op.drop_index(NEEDS_A_PERSON, "redemption", if_exists=True)
    where = sa.text(BEFORE)
    op.create_index(NEEDS_A_PERSON, "redemption", ["store_id", "id"], sqlite_where=where, postgresql_where=where)
    if op.get_context().dialect.name == "sqlite":
        for name in SQLITE_TRIGGERS:
            op.execute(f"DROP TRIGGER {name}")
    else:
        for name in POSTGRESQL_FUNCTIONS:
            op.execute(f"DROP FUNCTION {name}() CASCADE")
    op.drop_table("redemption_refund")
    for column in ("look_at", "of_charged", "went_back"):
        _drop_column("redemption_use", column)
    _drop_column("redemption", "refunded_points")
    op.drop_column("reward_version", "return_on_refund")


def _drop_column(table: str, column: str) -> None:
    checks = {"of_charged": "redemption_use_share", "refunded_points": "redemption_refunded"}
    if column in checks and op.get_context().dialect.name != "sqlite":
        op.drop_constraint(checks[column], table)
    op.drop_column(table, column)
