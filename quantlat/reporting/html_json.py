"""JSON that may stand inside a ``<script>`` element, whatever text it carries."""

from __future__ import annotations

import json

from markupsafe import Markup

# Without these no text can end the element, start a comment in it, or break a line where JavaScript sees one.
_ESCAPES = {
    ord("<"): "\\u003c",
    ord(">"): "\\u003e",
    ord("&"): "\\u0026",
    0x2028: "\\u2028",
    0x2029: "\\u2029",
}


def script_json(value: object) -> Markup:
    """``value`` as JSON for ``<script type="application/json">``; it parses back to exactly the same.

    Raises:
        ValueError: a number is not finite, which JSON cannot say.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup(text.translate(_ESCAPES))
