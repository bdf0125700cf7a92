"""The folders' tests run in environments of their own, not with the suite."""

collect_ignore_glob = ["*/*"]
