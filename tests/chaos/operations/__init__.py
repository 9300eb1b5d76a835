"""What users ask for after they posted. A new operation is a class in a module here.

`workload.py` says of which tasks it is asked.
"""

from tests.chaos.operations.cancel import Cancel
from tests.chaos.operations.operation import Operation
from tests.chaos.operations.retry import Retry

__all__ = ["Cancel", "Operation", "Retry"]
