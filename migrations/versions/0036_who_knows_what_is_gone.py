"""A worker that does not know what is gone takes no order of which something is: it would give those points again.

Its lease tokens are hexadecimal. Those of a worker that knows begin with another letter. The version before takes all other
orders as it did, and finds these still waiting: a worker of this version takes them.
"""

from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

NAME = "order_whose_points_are_gone"
IS_GONE = "EXISTS (SELECT 1 FROM gone WHERE order_id = NEW.id)"


def _trigger(differ: str, condition: str, then: str) -> str:
    takes = f"NEW.lease_token {differ} OLD.lease_token AND NEW.lease_token NOT LIKE 'g%'{condition}"
    return f'CREATE TRIGGER {NAME} BEFORE UPDATE OF lease_token ON "order" FOR EACH ROW WHEN ({takes}) {then}'


def upgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        op.execute(_trigger("IS NOT", f" AND {IS_GONE}", "BEGIN SELECT RAISE(IGNORE); END"))
        return
    body = f"BEGIN IF {IS_GONE} THEN RETURN NULL; END IF; RETURN NEW; END"
    op.execute(f"CREATE FUNCTION {NAME}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")
    op.execute(_trigger("IS DISTINCT FROM", "", f"EXECUTE FUNCTION {NAME}()"))


def downgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        op.execute(f"DROP TRIGGER {NAME}")
    else:
        op.execute(f"DROP FUNCTION {NAME}() CASCADE")
