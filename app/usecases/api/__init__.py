"""Serve the embedded points to clients of the Points API."""
