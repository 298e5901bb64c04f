# SPDX-License-Identifier: MIT
"""The recorder's rooms: strace (what was called), session (who called it, live), snapshot (which frames),
timeline (a frame for every page), writer (the text form), frames (numbers where the kernel hides them)."""
