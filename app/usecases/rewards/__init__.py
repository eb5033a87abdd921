"""Rewards: points first, then a code; and what becomes of both."""
