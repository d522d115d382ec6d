"""Where the binary begins: without arguments, as after a double click, with the window."""

import sys

from cli.main import run

if len(sys.argv) == 1:
    sys.argv.append("app")
run()
