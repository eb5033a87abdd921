"""Points that customers pay with."""
