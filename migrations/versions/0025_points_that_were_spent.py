"""Spends: points that a customer paid with, and what was given back of them.

The database holds what must hold of them, whoever writes: an entry that gives points back names its spend, and all of them
together never give back more than was spent. The version before writes no such entries, and reads them as changes like others.

Whoever rebuilds one of these tables on SQLite must drop its triggers before and create them after.
"""

import sqlalchemy as sa
from alembic import op

from app.db.columns import BigId, UtcTime
from app.db.indexing import add_index
from app.db.rebuilding import keeping_triggers

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

KINDS = ("claim", "instant", "import", "move")
IS_SPENT = "kind <> 'spend' OR (amount < 0 AND used = -amount)"
IS_GIVEN_BACK = "kind <> 'give_back' OR (amount > 0 AND used = -amount)"

_GIVEN_BACK = "(SELECT coalesce(sum(amount), 0) FROM points_entry WHERE spend_id = NEW.id AND kind = 'give_back')"
_IS_PAID = "EXISTS (SELECT 1 FROM points_entry AS paid WHERE paid.spend_id = points_spend.id AND paid.kind = 'spend')"
_IS_OF_ITS_STORE = "store_id = (SELECT store_id FROM points_customer WHERE id = NEW.customer_id)"
_GIVE_BACK = f"""
    UPDATE points_spend SET given_back = given_back + NEW.amount
    WHERE id = NEW.spend_id AND given_back + NEW.amount <= points AND {_IS_PAID} AND {_IS_OF_ITS_STORE}"""
_IS_ITS_PAYMENT = """
    EXISTS (SELECT 1 FROM points_spend WHERE id = NEW.spend_id AND customer_id = NEW.customer_id AND points = -NEW.amount)"""

SQLITE_TRIGGERS = {
    "points_entry_pays_a_spend": f"""
        AFTER INSERT ON points_entry WHEN NEW.kind = 'spend'
        BEGIN
            SELECT RAISE(ABORT, 'points_entry: it is not what its spend says') WHERE NOT {_IS_ITS_PAYMENT};
        END""",
    "points_entry_gives_back_a_spend": f"""
        AFTER INSERT ON points_entry WHEN NEW.kind = 'give_back'
        BEGIN
            {_GIVE_BACK};
            SELECT RAISE(ABORT, 'points_entry: it gives back what was not spent') WHERE changes() = 0;
        END""",
    "points_spend_begins_whole": """
        BEFORE INSERT ON points_spend WHEN NEW.given_back <> 0
        BEGIN SELECT RAISE(ABORT, 'points_spend: nothing was given back yet'); END""",
    "points_spend_is_never_deleted": """
        BEFORE DELETE ON points_spend
        BEGIN SELECT RAISE(ABORT, 'points_spend: a spend is never deleted'); END""",
    "points_spend_stays_what_it_was": f"""
        BEFORE UPDATE ON points_spend
        WHEN (NEW.id, NEW.store_id, NEW.customer_id, NEW.request_id, NEW.points, NEW.created_at)
            IS NOT (OLD.id, OLD.store_id, OLD.customer_id, OLD.request_id, OLD.points, OLD.created_at)
            OR NEW.given_back <> {_GIVEN_BACK}
        BEGIN SELECT RAISE(ABORT, 'points_spend: what was given back is the sum of its entries'); END""",
}

POSTGRESQL_FUNCTIONS = {
    "points_entry_book_spend": f"""
        BEGIN
            IF NEW.kind = 'spend' THEN
                IF NOT {_IS_ITS_PAYMENT} THEN
                    RAISE EXCEPTION 'points_entry: it is not what its spend says' USING ERRCODE = 'check_violation';
                END IF;
            ELSE
                {_GIVE_BACK};
                IF NOT FOUND THEN
                    RAISE EXCEPTION 'points_entry: it gives back what was not spent' USING ERRCODE = 'check_violation';
                END IF;
            END IF;
            RETURN NULL;
        END""",
    "points_spend_hold": f"""
        BEGIN
            IF TG_OP = 'INSERT' THEN
                IF NEW.given_back <> 0 THEN
                    RAISE EXCEPTION 'points_spend: nothing was given back yet' USING ERRCODE = 'check_violation';
                END IF;
            ELSIF (NEW.id, NEW.store_id, NEW.customer_id, NEW.request_id, NEW.points, NEW.created_at)
                IS DISTINCT FROM (OLD.id, OLD.store_id, OLD.customer_id, OLD.request_id, OLD.points, OLD.created_at)
                OR NEW.given_back <> {_GIVEN_BACK}
            THEN
                RAISE EXCEPTION 'points_spend: what was given back is the sum of its entries' USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        END""",
    "points_spend_refuse": """
        BEGIN
            RAISE EXCEPTION 'points_spend: a spend is never deleted' USING ERRCODE = 'check_violation';
        END""",
}
POSTGRESQL_TRIGGERS = (
    """CREATE TRIGGER points_entry_books_a_spend AFTER INSERT ON points_entry
       FOR EACH ROW WHEN (NEW.spend_id IS NOT NULL) EXECUTE FUNCTION points_entry_book_spend()""",
    """CREATE TRIGGER points_spend_stays_what_it_was BEFORE INSERT OR UPDATE ON points_spend
       FOR EACH ROW EXECUTE FUNCTION points_spend_hold()""",
    """CREATE TRIGGER points_spend_is_never_deleted BEFORE DELETE ON points_spend
       FOR EACH ROW EXECUTE FUNCTION points_spend_refuse()""",
    """CREATE TRIGGER points_spend_is_never_emptied BEFORE TRUNCATE ON points_spend
       FOR EACH STATEMENT EXECUTE FUNCTION points_spend_refuse()""",
)


def upgrade() -> None:
    op.create_table(
        "points_spend",
        sa.Column("id", BigId(), primary_key=True),
        sa.Column("store_id", BigId(), sa.ForeignKey("store.id"), nullable=False),
        sa.Column("customer_id", BigId(), sa.ForeignKey("points_customer.id"), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False, unique=True),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("given_back", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(128), nullable=False),
        sa.Column("api_key_id", BigId(), sa.ForeignKey("api_key.id"), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.CheckConstraint("points > 0", name="points_spend_points"),
        sa.CheckConstraint("given_back BETWEEN 0 AND points", name="points_spend_given_back"),
    )
    op.create_index("ix_points_spend_store_id", "points_spend", ["store_id"])
    op.create_index("points_spend_of_customer", "points_spend", ["customer_id"])
    _change_entries(
        (*KINDS, "spend", "give_back"), "used = 0 OR kind IN ('import', 'move', 'spend', 'give_back')", has_spend=True
    )
    if op.get_context().dialect.name == "sqlite":
        for name, body in SQLITE_TRIGGERS.items():
            op.execute(f"CREATE TRIGGER {name} {body}")
    else:
        for name, body in POSTGRESQL_FUNCTIONS.items():
            op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")
        for trigger in POSTGRESQL_TRIGGERS:
            op.execute(trigger)
    add_index("points_entry_pays", "points_entry", ["spend_id"], is_unique=True, where="kind = 'spend'")
    add_index("points_entry_of_spend", "points_entry", ["spend_id"], where="spend_id IS NOT NULL")


def downgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        for name in SQLITE_TRIGGERS:
            op.execute(f"DROP TRIGGER {name}")
    else:
        for name in POSTGRESQL_FUNCTIONS:
            op.execute(f"DROP FUNCTION {name}() CASCADE")
    for index in ("points_entry_of_spend", "points_entry_pays"):
        op.drop_index(index, "points_entry")
    _change_entries(KINDS, "used = 0 OR kind IN ('import', 'move')", has_spend=False)
    op.drop_table("points_spend")


def _change_entries(kinds: tuple[str, ...], used: str, *, has_spend: bool) -> None:
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    with keeping_triggers(), op.batch_alter_table("points_entry") as batch_op:
        if has_spend:
            batch_op.add_column(sa.Column("spend_id", BigId(), nullable=True))
            batch_op.create_foreign_key("points_entry_spend_id_fkey", "points_spend", ["spend_id"], ["id"])
            batch_op.create_check_constraint("points_entry_spend", "(kind IN ('spend', 'give_back')) = (spend_id IS NOT NULL)")
            batch_op.create_check_constraint("points_entry_spends", IS_SPENT)
            batch_op.create_check_constraint("points_entry_gives_back", IS_GIVEN_BACK)
        else:
            for check in ("points_entry_spend", "points_entry_spends", "points_entry_gives_back"):
                batch_op.drop_constraint(check, type_="check")
            batch_op.drop_constraint("points_entry_spend_id_fkey", type_="foreignkey")
            batch_op.drop_column("spend_id")
        batch_op.drop_constraint("points_entry_kind", type_="check")
        batch_op.create_check_constraint("points_entry_kind", f"kind IN ({listed})")
        batch_op.drop_constraint("points_entry_used", type_="check")
        batch_op.create_check_constraint("points_entry_used", used)
