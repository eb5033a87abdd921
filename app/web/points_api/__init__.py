"""The Points API, served: requests and answers as its vendor documents them, and what we add.

(facts: the Points API. What its documentation leaves open is decided in docs/api/README.md.)
"""

from app.web.points_api.views import blueprint

__all__ = ["blueprint"]
