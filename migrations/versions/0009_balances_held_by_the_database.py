"""Balances that the database itself holds to be the sums of entries; claims that are marked when their time is over.

It runs while the first version serves. That version moves balances by itself, after it added entries without the balance after
them: on PostgreSQL such an entry is let in, and its transaction ends only if the balance then is the sum of the entries. On
SQLite, which serves one machine, that version has to be restarted.

Whoever rebuilds one of these tables on SQLite must drop its triggers before and create them after.
"""

import sqlalchemy as sa
from alembic import op

from app.db.columns import BigId

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

IS_TAKEN = sa.text("customer_id IS NOT NULL")
WILL_EXPIRE = sa.text("state = 'open' AND expires_at IS NOT NULL")

SQLITE_TRIGGERS = {
    "points_entry_is_never_changed": """
        BEFORE UPDATE ON points_entry
        BEGIN SELECT RAISE(ABORT, 'points_entry: an entry is never changed'); END""",
    "points_entry_is_never_deleted": """
        BEFORE DELETE ON points_entry
        BEGIN SELECT RAISE(ABORT, 'points_entry: an entry is never deleted'); END""",
    "points_entry_moves_the_balance": """
        AFTER INSERT ON points_entry
        BEGIN
            UPDATE points_customer SET available = NEW.available_after, used = NEW.used_after
            WHERE id = NEW.customer_id AND available + NEW.amount = NEW.available_after AND used + NEW.used = NEW.used_after;
            SELECT RAISE(ABORT, 'points_entry: the balance after it is not the balance before it plus its amount')
            WHERE changes() = 0;
        END""",
    "points_customer_begins_with_nothing": """
        BEFORE INSERT ON points_customer WHEN NEW.available <> 0 OR NEW.used <> 0
        BEGIN SELECT RAISE(ABORT, 'points_customer: a balance begins with nothing'); END""",
    # The newest entry of all is the one whose trigger is at work.
    "points_customer_balance_is_the_sum": """
        BEFORE UPDATE OF available, used ON points_customer
        WHEN NOT EXISTS (
            SELECT 1 FROM points_entry WHERE id = (SELECT max(id) FROM points_entry) AND customer_id = NEW.id
            AND available_after = NEW.available AND used_after = NEW.used)
        BEGIN SELECT RAISE(ABORT, 'points_customer: a balance is the sum of its entries'); END""",
}

POSTGRESQL_FUNCTIONS = {
    "points_entry_refuse": """
        BEGIN
            RAISE EXCEPTION 'points_entry: an entry is never changed or deleted' USING ERRCODE = 'check_violation';
        END""",
    # All entries of a statement at once, so that an array of a thousand costs one update.
    "points_entry_move_balances": """
        BEGIN
            IF EXISTS (
                SELECT 1 FROM (
                    SELECT customer_id, available_after, used_after, sum(amount) OVER w AS moved, sum(used) OVER w AS moved_used
                    FROM added WHERE available_after IS NOT NULL WINDOW w AS (PARTITION BY customer_id ORDER BY id)
                ) AS e JOIN points_customer AS c ON c.id = e.customer_id
                WHERE e.available_after <> c.available + e.moved OR e.used_after IS DISTINCT FROM c.used + e.moved_used
            ) THEN
                RAISE EXCEPTION 'points_entry: the balance after it is not the balance before it plus its amount'
                    USING ERRCODE = 'check_violation';
            END IF;
            UPDATE points_customer AS c SET available = c.available + e.amount, used = c.used + e.used
            FROM (
                SELECT customer_id, sum(amount) AS amount, sum(used) AS used
                FROM added WHERE available_after IS NOT NULL GROUP BY customer_id
            ) AS e WHERE c.id = e.customer_id;
            RETURN NULL;
        END""",
    "points_entry_require_its_sum": """
        BEGIN
            IF EXISTS (
                SELECT 1 FROM points_customer AS c WHERE c.id = NEW.customer_id
                AND c.available <> (SELECT sum(amount) FROM points_entry WHERE customer_id = c.id)
            ) THEN
                RAISE EXCEPTION 'points_entry: it was added and the balance not moved' USING ERRCODE = 'check_violation';
            END IF;
            RETURN NULL;
        END""",
    "points_customer_hold_balance": """
        BEGIN
            IF TG_OP = 'INSERT' THEN
                IF NEW.available <> 0 OR NEW.used <> 0 THEN
                    RAISE EXCEPTION 'points_customer: a balance begins with nothing' USING ERRCODE = 'check_violation';
                END IF;
            ELSIF NOT EXISTS (
                SELECT 1 FROM (
                    SELECT coalesce(sum(amount), 0) AS available, coalesce(sum(used), 0) AS used
                    FROM points_entry WHERE customer_id = NEW.id
                ) AS e WHERE e.available = NEW.available AND e.used = NEW.used
            ) THEN
                RAISE EXCEPTION 'points_customer: a balance is the sum of its entries' USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        END""",
}

POSTGRESQL_TRIGGERS = (
    """CREATE TRIGGER points_entry_is_never_changed BEFORE UPDATE OR DELETE ON points_entry
       FOR EACH ROW EXECUTE FUNCTION points_entry_refuse()""",
    """CREATE TRIGGER points_entry_is_never_emptied BEFORE TRUNCATE ON points_entry
       FOR EACH STATEMENT EXECUTE FUNCTION points_entry_refuse()""",
    """CREATE TRIGGER points_entry_moves_balances AFTER INSERT ON points_entry REFERENCING NEW TABLE AS added
       FOR EACH STATEMENT EXECUTE FUNCTION points_entry_move_balances()""",
    """CREATE CONSTRAINT TRIGGER points_entry_of_the_first_version AFTER INSERT ON points_entry DEFERRABLE INITIALLY DEFERRED
       FOR EACH ROW WHEN (NEW.available_after IS NULL) EXECUTE FUNCTION points_entry_require_its_sum()""",
    """CREATE TRIGGER points_customer_begins_with_nothing BEFORE INSERT ON points_customer
       FOR EACH ROW WHEN (NEW.available <> 0 OR NEW.used <> 0) EXECUTE FUNCTION points_customer_hold_balance()""",
    # What moves a balance for an entry runs inside that entry's trigger, at a depth of one.
    """CREATE TRIGGER points_customer_balance_is_the_sum BEFORE UPDATE OF available, used ON points_customer
       FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION points_customer_hold_balance()""",
)


def upgrade() -> None:
    op.add_column("points_customer", sa.Column("imported_as", sa.String(length=64), nullable=True))
    with op.batch_alter_table("points_entry", schema=None) as batch_op:
        batch_op.add_column(sa.Column("used", BigId(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("available_after", BigId(), nullable=True))
        batch_op.add_column(sa.Column("used_after", BigId(), nullable=True))
        batch_op.drop_constraint("points_entry_kind", type_="check")
        batch_op.create_check_constraint("points_entry_kind", "kind IN ('claim', 'instant', 'import')")
        batch_op.create_check_constraint("points_entry_used", "used = 0 OR kind = 'import'")
    with op.batch_alter_table("points_claim", schema=None) as batch_op:
        batch_op.drop_constraint("points_claim_state", type_="check")
        batch_op.create_check_constraint("points_claim_state", "state IN ('open', 'taken', 'void', 'expired')")
        batch_op.drop_index("ix_points_claim_store_id")
        batch_op.create_index("points_claim_for_email", ["store_id", "email"], unique=False)
        batch_op.create_index(
            "points_claim_of_customer", ["customer_id"], unique=False, sqlite_where=IS_TAKEN, postgresql_where=IS_TAKEN
        )
        batch_op.create_index(
            "points_claim_will_expire", ["expires_at"], unique=False, sqlite_where=WILL_EXPIRE, postgresql_where=WILL_EXPIRE
        )
    if op.get_context().dialect.name == "sqlite":
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
    with op.batch_alter_table("points_claim", schema=None) as batch_op:
        batch_op.drop_index("points_claim_will_expire", sqlite_where=WILL_EXPIRE, postgresql_where=WILL_EXPIRE)
        batch_op.drop_index("points_claim_of_customer", sqlite_where=IS_TAKEN, postgresql_where=IS_TAKEN)
        batch_op.drop_index("points_claim_for_email")
        batch_op.create_index("ix_points_claim_store_id", ["store_id"], unique=False)
        batch_op.drop_constraint("points_claim_state", type_="check")
        batch_op.create_check_constraint("points_claim_state", "state IN ('open', 'taken', 'void')")
    with op.batch_alter_table("points_entry", schema=None) as batch_op:
        batch_op.drop_constraint("points_entry_used", type_="check")
        batch_op.drop_constraint("points_entry_kind", type_="check")
        batch_op.create_check_constraint("points_entry_kind", "kind IN ('claim', 'instant')")
        batch_op.drop_column("used_after")
        batch_op.drop_column("available_after")
        batch_op.drop_column("used")
    op.drop_column("points_customer", "imported_as")
