"""Running totals of what pages add up: balances, claims that nobody has taken, and orders with a problem.

The database appends each change by itself, so the totals are right whichever version writes: the version before, which knows
nothing of them, may go on. Nobody writes between the first sum of a table and its triggers: on PostgreSQL the tables are locked
in the order in which the app locks their rows, on SQLite the whole migration is one transaction.

Whoever rebuilds one of these tables on SQLite must drop its triggers before and create them after.
"""

import sqlalchemy as sa
from alembic import op

from app.db.columns import BigId

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

# A moment as text, alike on both databases and in the order of time.
PART_OF_MOMENT = {
    "sqlite": "coalesce({}expires_at, '')",
    "postgresql": "coalesce(to_char({}expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), '')",
}
CHANGE = "INSERT INTO total_change (store_id, kind, part, amount)"

FIRST_SUMS = (
    "SELECT store_id, 'balances', '', sum(available) FROM points_customer GROUP BY store_id HAVING sum(available) <> 0",
    """SELECT store_id, 'open_claims', {part}, sum(amount) FROM points_claim
       WHERE state = 'open' GROUP BY store_id, 3 HAVING sum(amount) <> 0""",
    """SELECT store_id, 'problems', problem_code, count(*) FROM "order"
       WHERE problem_code IS NOT NULL GROUP BY store_id, problem_code""",
)

_OLD_CLAIM = f"SELECT OLD.store_id, 'open_claims', {PART_OF_MOMENT['sqlite'].format('OLD.')}, -OLD.amount"
_NEW_CLAIM = f"SELECT NEW.store_id, 'open_claims', {PART_OF_MOMENT['sqlite'].format('NEW.')}, NEW.amount"
SQLITE_TRIGGERS = {
    "points_entry_is_totalled": f"""
        AFTER INSERT ON points_entry WHEN NEW.amount <> 0
        BEGIN {CHANGE} SELECT store_id, 'balances', '', NEW.amount FROM points_customer WHERE id = NEW.customer_id; END""",
    "points_claim_is_totalled": f"""
        AFTER INSERT ON points_claim WHEN NEW.state = 'open' AND NEW.amount <> 0
        BEGIN {CHANGE} {_NEW_CLAIM}; END""",
    "points_claim_change_is_totalled": f"""
        AFTER UPDATE OF state, amount, expires_at ON points_claim
        WHEN (OLD.state = 'open' OR NEW.state = 'open')
            AND (OLD.state, OLD.amount, OLD.expires_at) IS NOT (NEW.state, NEW.amount, NEW.expires_at)
        BEGIN
            {CHANGE} {_OLD_CLAIM} WHERE OLD.state = 'open' AND OLD.amount <> 0;
            {CHANGE} {_NEW_CLAIM} WHERE NEW.state = 'open' AND NEW.amount <> 0;
        END""",
    "points_claim_end_is_totalled": f"""
        AFTER DELETE ON points_claim WHEN OLD.state = 'open' AND OLD.amount <> 0
        BEGIN {CHANGE} {_OLD_CLAIM}; END""",
    "order_is_totalled": f"""
        AFTER INSERT ON "order" WHEN NEW.problem_code IS NOT NULL
        BEGIN {CHANGE} SELECT NEW.store_id, 'problems', NEW.problem_code, 1; END""",
    "order_change_is_totalled": f"""
        AFTER UPDATE OF problem_code ON "order" WHEN OLD.problem_code IS NOT NEW.problem_code
        BEGIN
            {CHANGE} SELECT OLD.store_id, 'problems', OLD.problem_code, -1 WHERE OLD.problem_code IS NOT NULL;
            {CHANGE} SELECT NEW.store_id, 'problems', NEW.problem_code, 1 WHERE NEW.problem_code IS NOT NULL;
        END""",
    "order_end_is_totalled": f"""
        AFTER DELETE ON "order" WHEN OLD.problem_code IS NOT NULL
        BEGIN {CHANGE} SELECT OLD.store_id, 'problems', OLD.problem_code, -1; END""",
}

_PART = PART_OF_MOMENT["postgresql"].format("")
_IN_NEW, _IN_OLD = (
    f"SELECT store_id, {_PART} AS part, {sign}amount AS amount FROM {table} WHERE state = 'open'"
    for sign, table in (("", "new_rows"), ("-", "old_rows"))
)


def _claims(changed: str) -> str:
    return f"""
        BEGIN
            {CHANGE} SELECT store_id, 'open_claims', part, sum(amount) FROM ({changed}) AS changed
            GROUP BY store_id, part HAVING sum(amount) <> 0;
            RETURN NULL;
        END"""


# All rows of a statement at once, so that an array of a thousand costs one change; but for orders, of which few have a problem.
POSTGRESQL_FUNCTIONS = {
    "points_entry_total": f"""
        BEGIN
            {CHANGE} SELECT c.store_id, 'balances', '', sum(e.amount)
            FROM new_rows AS e JOIN points_customer AS c ON c.id = e.customer_id
            GROUP BY c.store_id HAVING sum(e.amount) <> 0;
            RETURN NULL;
        END""",
    "points_claim_total_new": _claims(_IN_NEW),
    "points_claim_total_changed": _claims(f"{_IN_OLD} UNION ALL {_IN_NEW}"),
    "points_claim_total_old": _claims(_IN_OLD),
    "order_total": f"""
        BEGIN
            IF TG_OP <> 'INSERT' THEN
                {CHANGE} SELECT OLD.store_id, 'problems', OLD.problem_code, -1 WHERE OLD.problem_code IS NOT NULL;
            END IF;
            IF TG_OP <> 'DELETE' THEN
                {CHANGE} SELECT NEW.store_id, 'problems', NEW.problem_code, 1 WHERE NEW.problem_code IS NOT NULL;
            END IF;
            RETURN NULL;
        END""",
}
POSTGRESQL_TRIGGERS = (
    """CREATE TRIGGER points_entry_is_totalled AFTER INSERT ON points_entry
       REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION points_entry_total()""",
    """CREATE TRIGGER points_claim_is_totalled AFTER INSERT ON points_claim
       REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION points_claim_total_new()""",
    """CREATE TRIGGER points_claim_change_is_totalled AFTER UPDATE ON points_claim
       REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
       FOR EACH STATEMENT EXECUTE FUNCTION points_claim_total_changed()""",
    """CREATE TRIGGER points_claim_end_is_totalled AFTER DELETE ON points_claim
       REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION points_claim_total_old()""",
    """CREATE TRIGGER order_is_totalled AFTER INSERT ON "order"
       FOR EACH ROW WHEN (NEW.problem_code IS NOT NULL) EXECUTE FUNCTION order_total()""",
    """CREATE TRIGGER order_change_is_totalled AFTER UPDATE OF problem_code ON "order"
       FOR EACH ROW WHEN (OLD.problem_code IS DISTINCT FROM NEW.problem_code) EXECUTE FUNCTION order_total()""",
    """CREATE TRIGGER order_end_is_totalled AFTER DELETE ON "order"
       FOR EACH ROW WHEN (OLD.problem_code IS NOT NULL) EXECUTE FUNCTION order_total()""",
)


def _columns() -> tuple[sa.Column, sa.Column, sa.Column]:
    return (
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("part", sa.String(length=64), nullable=False),
        sa.Column("amount", BigId(), nullable=False),
    )


def _make_tables() -> None:
    is_known = "kind IN ('balances', 'open_claims', 'problems')"
    op.create_table(
        "running_total",
        sa.Column("store_id", BigId(), nullable=False),
        *_columns(),
        sa.CheckConstraint(is_known, name="running_total_kind"),
        sa.CheckConstraint("kind = 'balances' OR amount >= 0", name="running_total_is_not_negative"),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"]),
        sa.PrimaryKeyConstraint("store_id", "kind", "part"),
    )
    op.create_table(
        "total_change",
        sa.Column("id", BigId(), nullable=False),
        sa.Column("store_id", BigId(), nullable=False),
        *_columns(),
        sa.CheckConstraint(is_known, name="total_change_kind"),
        sa.CheckConstraint("amount <> 0", name="total_change_is_one"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_total_change_store_id", "total_change", ["store_id"], unique=False)


def upgrade() -> None:
    words = op.get_context().dialect.name
    if words == "postgresql":
        op.execute('LOCK TABLE "order", points_claim, points_entry IN SHARE ROW EXCLUSIVE MODE')
    _make_tables()
    for sums in FIRST_SUMS:
        part = PART_OF_MOMENT[words].format("")
        op.execute(f"INSERT INTO running_total (store_id, kind, part, amount) {sums.format(part=part)}")
    if words == "sqlite":
        for name, body in SQLITE_TRIGGERS.items():
            op.execute(f"CREATE TRIGGER {name} {body}")
        return
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
    op.drop_table("total_change")
    op.drop_table("running_total")
