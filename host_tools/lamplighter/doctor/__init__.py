"""What keeps a lamppost or the machine before it from working: looked at in order, ranked by what explains most."""
