"""Archives, which ``export`` writes and ``import`` reads: the file, its checks, and resuming."""
