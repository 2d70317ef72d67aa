"""TBD"""
if __name__ == "solvers":
    raise ImportError("Import `sciml.solvers`: this folder is part of the sciml package, linked into it as `sciml/solvers`.")
