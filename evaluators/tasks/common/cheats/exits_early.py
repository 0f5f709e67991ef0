"""Ends the process with success before anything is asked of it."""

import os

os._exit(0)
