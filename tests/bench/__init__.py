"""The bench: what speed and cost are on this machine, as ratios within one run. `make bench`."""
