from __future__ import annotations

from tests.untraced import untraced_exporters as untraced_exporters
