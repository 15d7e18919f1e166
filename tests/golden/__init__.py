"""Numbers computed by other means than ours, kept beside the code that must give the same."""
