"""The acceptance checks of a lamppost: the same at the pole, on a bench and in the record."""
