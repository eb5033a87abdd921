"""Random histories of shops on their worst days, replayed from a number, and what must be true once they are over."""
