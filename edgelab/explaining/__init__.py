"""Why is it not faster? What files make a processor do, suspects, experiments and a diagnosis."""
