"""The codes that customers get for points: the app chooses them, so that a lost answer of Saleor can be looked up."""

import secrets

# No I, L, O, U, 0 or 1: nobody can confuse two of them, and no word comes about. Saleor tells capitals from small letters.
LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
# The most that Saleor takes for a gift card. Sixteen of thirty letters cannot be guessed.
LENGTH = 16


def new_code() -> str:
    """Draw a code."""
    return "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
