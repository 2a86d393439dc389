"""What a run tells other systems while it works and when it ends: a log, notices, metrics."""
