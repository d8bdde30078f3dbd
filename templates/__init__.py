"""Every word shown to people. Knows nobody and decides nothing."""
