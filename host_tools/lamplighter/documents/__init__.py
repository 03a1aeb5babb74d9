"""Files with line numbers, written whole or not at all."""
