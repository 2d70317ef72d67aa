"""Laws of one observation given the latent value of a Gaussian process at its point; names are exposed by `sciml.gp`."""
