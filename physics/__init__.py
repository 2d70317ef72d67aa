"""TBD"""
if __name__ == "physics":
    raise ImportError("Import `sciml.physics`: this folder is part of the sciml package, linked into it as `sciml/physics`.")
