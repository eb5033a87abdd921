import os

# Not a part of the suite: `make killed` asks for it.
collect_ignore_glob = [] if os.environ.get("KILLED_ORDERS") else ["test_*.py"]
