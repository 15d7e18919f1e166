"""Pure knowledge of the standards: no input, no output, no clock."""
