"""Three virtual lampposts and a broker on this computer."""
