"""What the HiDream-I1 report (arXiv 2505.22705) and E1's model page state, as a yardstick beside our figures.

Repeats of published figures elsewhere differ by one to six points (sampling settings are unpublished), so
they say where a figure should lie, not what a run must give.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["PUBLISHED", "YARDSTICK"]

PUBLISHED: Mapping[str, Mapping[str, float]] = {
    "geneval": {
        "overall": 0.83,
        "single_object": 1.00,
        "two_object": 0.98,
        "counting": 0.79,
        "colors": 0.91,
        "position": 0.60,
        "color_attr": 0.72,
    },
    "dpg": {"overall": 85.89, "global": 76.44},
    "emuedit": {"average": 6.40},
    "reasonedit": {"average": 7.54},
}
"""By benchmark and figure."""

YARDSTICK: Mapping[str, str] = {
    "geneval": "HiDream-I1 (published)",
    "dpg": "HiDream-I1 (published)",
    "emuedit": "HiDream-E1 (published)",
    "reasonedit": "HiDream-E1 (published)",
}
