"""What stands inside a model file: tensors, operators, weights, multiply-accumulates."""
