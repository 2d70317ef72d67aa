"""TBD"""

if __name__ == "models":
    raise ImportError(
        "Import `sciml.models`: this folder is part of the sciml package, linked into it as `sciml/models`."
    )
