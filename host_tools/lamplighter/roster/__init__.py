"""The list of a street's lampposts, and the results of their commissioning."""
