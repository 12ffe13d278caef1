"""The analysis worksheet: what it asks, where answers are kept, how they are filled, audited and shown."""
