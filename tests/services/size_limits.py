"""How large what a handler hands over may be, where a test does not care."""

from penstock.processes.size_limits import SizeLimits

MIB = 1024**2
LIMITS = SizeLimits(result=MIB, checkpoint=MIB, progress_message=1024, log_line=16 * 1024)
