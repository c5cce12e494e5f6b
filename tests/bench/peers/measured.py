"""Runs a program, and writes its CPU seconds and the most memory (KiB) that one of its processes had.

It is a process of its own because a program is charged with the memory of the process that starts it.
"""

import json
import resource
import subprocess
import sys
from pathlib import Path

subprocess.run(sys.argv[2:])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
Path(sys.argv[1]).write_text(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss]))
