"""Rewards taken that need a person are found at once: the overview counts and lists them. The version before ignores the index."""

from alembic import op

from app.db.indexing import add_index

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

NEEDS_A_PERSON = (
    "problem_code IN ('permission', 'deleted', 'unclear', 'rejected')"
    " AND stage NOT IN ('refused', 'used', 'expired', 'withdrawn', 'not_made')"
)


def upgrade() -> None:
    add_index("redemption_needs_a_person", "redemption", ["store_id", "id"], where=NEEDS_A_PERSON)


def downgrade() -> None:
    op.drop_index("redemption_needs_a_person", "redemption")
