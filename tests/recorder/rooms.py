# SPDX-License-Identifier: MIT
"""Makes the recorder's modules, which live beside the tool, importable from the tests."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOOLS = os.path.join(os.path.dirname(os.path.dirname(HERE)), "tools")

sys.dont_write_bytecode = True
sys.path.insert(0, TOOLS)
sys.path.insert(0, HERE)
