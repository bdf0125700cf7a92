"""What the questions share: the stub, the environments, the conductor and its figures."""
