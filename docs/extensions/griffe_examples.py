"""Show our `Example:` blocks as code: the reader of docstrings knows only the plural."""

import re

from griffe import Extension


class ExampleSections(Extension):
    """Rename the heading of example sections before they are parsed."""

    def on_object(self, *, obj, **kwargs):
        """Rename in one docstring."""
        if obj.docstring:
            obj.docstring.value = re.sub(r"^Example:$", "Examples:", obj.docstring.value, flags=re.MULTILINE)
