"""How many there are of something, in a sentence of the log or of a command."""


def how_many(count: int, one: str) -> str:
    """Write a number with its word, given for one: 1 order, 2 orders."""
    return f"{count} {one if count == 1 else f'{one}s'}"
