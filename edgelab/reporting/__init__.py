"""What measurements say: quantities, tables, claims, losses and what is worth choosing."""
