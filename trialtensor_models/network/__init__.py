"""The network: configuration, weights, one trial's dynamics, pretraining and checkpoints."""
