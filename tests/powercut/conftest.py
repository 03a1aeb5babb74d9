"""The sweep's files import each other and the firmware by name, as they do when run.py starts them."""

import sys
from pathlib import Path

from lamplighter import firmware

firmware.importable()
sys.path.insert(0, str(Path(__file__).parent))
