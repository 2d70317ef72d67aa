"""What `sciml.fit` is made of: batches, the step, the compiled chunk, history, resume, diagnosis."""
