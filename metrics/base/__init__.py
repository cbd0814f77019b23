"""What every metric is made of: the contract, scores and their signatures, intervals, sets of clips."""
