"""Where pictures come from: CIFAR-10, photographs that ship inside packages, your own folders."""
