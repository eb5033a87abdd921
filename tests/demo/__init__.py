"""The whole story over real HTTP, told so that a merchant can follow it: `make demo`."""
