"""From raw pictures to a training set whose every drop has a reason (section 2 of the HiDream-I1 report).

Pictures stand in immutable shards; each stage writes a table of its own beside them, one file a shard;
nothing is deleted. `select` at last turns an expression over all tables into a manifest.
"""
