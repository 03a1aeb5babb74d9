"""Updates the app of a node over its console."""
