"""Payments by points that need a person are found at once: the overview counts and lists them."""

from alembic import op

from app.db.indexing import add_index

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

NEEDS_A_PERSON = "problem_code IN ('permission', 'missing', 'other_amount', 'refused') AND stage NOT IN ('refused', 'returned')"


def upgrade() -> None:
    add_index("spend_needs_a_person", "spend", ["store_id", "id"], where=NEEDS_A_PERSON)


def downgrade() -> None:
    op.drop_index("spend_needs_a_person", "spend")
