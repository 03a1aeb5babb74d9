"""Energy of lamps by the half hour, from their switching logs: for whoever settles an unmetered supply."""
