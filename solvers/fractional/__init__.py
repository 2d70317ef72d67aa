"""Fractional noise: exact paths, Markov approximations with a learnable Hurst index, and drivers for diffrax."""
