"""The short form finds the long one's files by name."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
