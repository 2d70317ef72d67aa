"""Published systems, one command each: `sciml list`, `sciml run NAME`."""

if __name__ == "experiments":
    raise ImportError(
        "Import `sciml.experiments`: this folder is part of the sciml package, linked into it as `sciml/experiments`."
    )
