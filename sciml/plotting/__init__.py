"""Figures in one style. Every function returns a matplotlib `Figure`, or draws into `axes=` and returns its figure.

Matplotlib is an extra (`pip install 'sciml[plot]'`), imported when a figure is drawn; no window or global state is
touched.
"""

from typing import TYPE_CHECKING

from sciml._lazy import attach

if TYPE_CHECKING:
    from sciml.plotting.animation import animate as animate
    from sciml.plotting.appearance import figure as figure
    from sciml.plotting.appearance import save as save
    from sciml.plotting.appearance import style as style
    from sciml.plotting.charts import error_chart as error_chart
    from sciml.plotting.charts import history_chart as history_chart
    from sciml.plotting.charts import lines as lines
    from sciml.plotting.images import field_grid as field_grid
    from sciml.plotting.images import space_time as space_time

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "animate": "sciml.plotting.animation",
        "error_chart": "sciml.plotting.charts",
        "field_grid": "sciml.plotting.images",
        "figure": "sciml.plotting.appearance",
        "history_chart": "sciml.plotting.charts",
        "lines": "sciml.plotting.charts",
        "save": "sciml.plotting.appearance",
        "space_time": "sciml.plotting.images",
        "style": "sciml.plotting.appearance",
    },
)
