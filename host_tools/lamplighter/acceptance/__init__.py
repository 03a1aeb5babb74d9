"""What a lamppost must pass before it is left alone: the same checks at the pole, on a bench and in the record."""
