"""Roll-outs: a release to the lampposts of a roster, group by group, stopped where it does harm."""
