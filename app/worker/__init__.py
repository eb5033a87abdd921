"""The worker: a loop around one step."""
