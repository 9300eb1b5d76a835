"""It imports what is not installed."""

import nothing_like_this
