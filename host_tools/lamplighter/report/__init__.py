"""Reports for a city, read from the store: energy, carbon, parking, air, and the health of each lamppost."""
