"""Batches of changes by staff: read, checked, run, undone and shown."""
