"""Bringing a lamppost to work: from a cable in the hand to a signed record, in steps that can each be taken again."""
