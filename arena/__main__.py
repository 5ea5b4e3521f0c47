"""`python -m arena`: the command line."""

import sys

if not sys.flags.safe_path:  # Python has put the current folder first, and what lies there is not ours
    del sys.path[0]

from arena.cli import main

main()
