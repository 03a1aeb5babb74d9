"""The sweep's files import each other and the firmware by name, as they do when run.py starts them."""

import sys
from pathlib import Path

from lamplighter import paths

paths.importable()
sys.path.insert(0, str(Path(__file__).parent))
