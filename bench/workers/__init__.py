"""Where work is done: processes on this machine, shards of a run, devices."""
