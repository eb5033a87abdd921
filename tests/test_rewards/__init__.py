"""Rewards, from the tables to the storefront."""
